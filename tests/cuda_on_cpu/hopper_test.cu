// The runner's mbarriers, TMA and wgmma against the manual, with none of the kernels' address arithmetic.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/cuda/hopper.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/tensor_map.h"
#include "tests/support.h"

namespace nst {
namespace {

using kernels::cuda::launch;
using testing::random_tensor;

// A box of 4 x 3 x 32 floats, as it lies in shared memory.
__global__ void load_box_kernel(const __grid_constant__ CUtensorMap map, int column, int row, float* out) {
  NST_DYNAMIC_SHARED(float, tile);
  NST_SHARED(uint64_t, barrier, [1]);
  if (threadIdx.x == 0) {
    kernels::cuda::mbarrier_init(barrier, 1);
    kernels::cuda::mbarrier_init_fence();
    kernels::cuda::mbarrier_arrive_expect(barrier, 4 * 3 * 128);
    kernels::cuda::tma_load(tile, &map, column, row, -1, barrier);
  }
  __syncthreads();
  kernels::cuda::mbarrier_wait(barrier, 0);
  for (int i = threadIdx.x; i < 4 * 3 * 32; i += 32) out[i] = tile[i];
}

TEST(Hopper, tma_swizzles_a_box_and_fills_with_zeros) {
  constexpr int kColumns = 40, kRows = 5, kPlanes = 2;
  const Tensor x = random_tensor({kPlanes, kRows, kColumns}, DType::float32, 1).to(kCuda);
  Tensor out = Tensor::empty({4 * 3 * 32}, DType::float32, kCuda);
  const CUtensorMap map = kernels::cuda::tensor_map(
      CU_TENSOR_MAP_DATA_TYPE_FLOAT32, x.data<float>(),
      {{kColumns, 4, 32}, {kRows, 4 * kColumns, 3}, {kPlanes, 4 * kColumns * kRows, 4}});
  launch(load_box_kernel, 1, 32, 4 * 3 * 128, nullptr, map, 20, 3, out.mutable_data<float>());
  const auto values = x.to_vector<float>(), found = out.to_vector<float>();
  // Where piece 0, 1, .. 7 of each of eight rows lies.
  constexpr int kPlaces[8][8] = {{0, 1, 2, 3, 4, 5, 6, 7}, {1, 0, 3, 2, 5, 4, 7, 6}, {2, 3, 0, 1, 6, 7, 4, 5},
                                 {3, 2, 1, 0, 7, 6, 5, 4}, {4, 5, 6, 7, 0, 1, 2, 3}, {5, 4, 7, 6, 1, 0, 3, 2},
                                 {6, 7, 4, 5, 2, 3, 0, 1}, {7, 6, 5, 4, 3, 2, 1, 0}};
  for (int line = 0; line < 4 * 3; ++line) {
    for (int c = 0; c < 32; ++c) {
      const int plane = line / 3 - 1, row = line % 3 + 3, column = c + 20;
      const bool inside = plane >= 0 && plane < kPlanes && row < kRows && column < kColumns;
      const float expected = inside ? values[(plane * kRows + row) * kColumns + column] : 0;
      EXPECT_EQ(found[line * 32 + kPlaces[line % 8][c / 4] * 4 + c % 4], expected) << line << ' ' << c;
    }
  }
}

TEST(Hopper, tensor_maps_are_refused_as_by_the_driver) {
  const Tensor x = Tensor::zeros({8, 40}, DType::float32, kCuda);
  const auto map = [&](const float* memory, std::vector<kernels::cuda::TensorMapAxis> axes) {
    return kernels::cuda::tensor_map(CU_TENSOR_MAP_DATA_TYPE_FLOAT32, memory, axes);
  };
  EXPECT_NO_THROW(map(x.data<float>(), {{40, 4, 32}, {8, 160, 8}}));
  EXPECT_FAILURE(map(x.data<float>() + 1, {{39, 4, 32}, {8, 160, 8}}), "status 1 in cuTensorMapEncodeTiled");
  EXPECT_FAILURE(map(x.data<float>(), {{40, 4, 32}, {8, 164, 8}}), "status 1");
  EXPECT_FAILURE(map(x.data<float>(), {{40, 4, 32}, {8, 160, 257}}), "status 1");
  EXPECT_FAILURE(map(x.data<float>(), {{40, 4, 64}, {8, 160, 8}}), "status 1");
  EXPECT_FAILURE(map(x.data<float>(), {{40, 4, 32}, {9, 160, 8}}), "status 1");  // beyond the memory
}

// D (64 x 64) = A B^T + 1 for A (64 rows) and B (64 rows) of 128 bytes, written and named by hand.
template <class T>
__global__ void wgmma_kernel(const T* a, const T* b, float* d) {
  constexpr int kDepth = 128 / sizeof(T), kPiece = 16 / sizeof(T);
  NST_DYNAMIC_SHARED(T, tiles);
  const int t = threadIdx.x;
  for (int i = t; i < 2 * 64 * kDepth; i += 128) {
    const int row = i / kDepth, k = i % kDepth;
    const int place = (k / kPiece ^ row % 8) * kPiece + k % kPiece;
    tiles[row * kDepth + place] = row < 64 ? a[i] : b[i - 64 * kDepth];
  }
  __syncthreads();
  float sums[32];
  for (float& sum : sums) sum = 1;
  kernels::cuda::wgmma_fence();
  for (uint64_t step = 0; step < 4; ++step) {
    // Address 0 and 8192, stride 1024, swizzle 1: the manual's table of bits.
    const uint64_t left = 2 * step | uint64_t{1024 >> 4} << 32 | uint64_t{1} << 62,
                   right = left + (8192 >> 4);
    if constexpr (sizeof(T) == 4) {
      kernels::cuda::wgmma_tf32(sums, left, right);
    } else if constexpr (std::is_same_v<T, __half>) {
      kernels::cuda::wgmma_f16(sums, left, right);
    } else {
      kernels::cuda::wgmma_bf16(sums, left, right);
    }
  }
  kernels::cuda::wgmma_commit();
  kernels::cuda::wgmma_finish(sums);
  // The manual's figure: a warp has 16 rows, a quad of lanes one of the first eight and one of the others.
  for (int i = 0; i < 32; ++i) {
    const int row = t / 32 * 16 + t % 32 / 4 + (i & 2 ? 8 : 0), column = i / 4 * 8 + t % 4 * 2 + (i & 1);
    d[row * 64 + column] = sums[i];
  }
}

template <class T>
void check_wgmma() {
  constexpr int kDepth = 128 / sizeof(T);
  const auto as = random_tensor({64, kDepth}, DType::float32, 1).to_vector<float>(),
             bs = random_tensor({64, kDepth}, DType::float32, 2).to_vector<float>();
  T *a = nullptr, *b = nullptr;
  float* d = nullptr;
  CUDA_CHECK(cudaMalloc(&a, 64 * kDepth * sizeof(T)));
  CUDA_CHECK(cudaMalloc(&b, 64 * kDepth * sizeof(T)));
  CUDA_CHECK(cudaMalloc(&d, 64 * 64 * sizeof(float)));
  for (int i = 0; i < 64 * kDepth; ++i) a[i] = T(as[i]), b[i] = T(bs[i]);
  launch(wgmma_kernel<T>, 1, 128, 2 * 64 * 128, nullptr, static_cast<const T*>(a), static_cast<const T*>(b),
         d);
  const auto seen = [](T x) {
    if constexpr (sizeof(T) == 4) return double{__uint_as_float(__float_as_uint(x) & 0xffffe000)};
    return double{static_cast<float>(x)};
  };
  for (int i = 0; i < 64; ++i) {
    for (int j = 0; j < 64; ++j) {
      double sum = 1;
      for (int k = 0; k < kDepth; ++k) sum += seen(a[i * kDepth + k]) * seen(b[j * kDepth + k]);
      EXPECT_NEAR(d[i * 64 + j], sum, 2e-6) << i << ' ' << j;
    }
  }
  for (void* block : {static_cast<void*>(a), static_cast<void*>(b), static_cast<void*>(d)}) {
    CUDA_CHECK(cudaFree(block));
  }
}

TEST(Hopper, wgmma_follows_the_layouts) {
  check_wgmma<float>();
  check_wgmma<__half>();
  check_wgmma<__nv_bfloat16>();
}

// Two threads pass a number to and fro: thread 0 writes in even turns, thread 32 in odd ones.
__global__ void ping_pong_kernel(int turns, int* out) {
  NST_SHARED(int, number, [1]);
  NST_SHARED(uint64_t, barriers, [2]);
  if (threadIdx.x == 0) {
    number[0] = 0;
    kernels::cuda::mbarrier_init(&barriers[0], 1);
    kernels::cuda::mbarrier_init(&barriers[1], 1);
  }
  __syncthreads();
  if (threadIdx.x % 32 != 0) return;
  const int me = threadIdx.x / 32;
  for (int turn = 0; turn < turns; ++turn) {
    kernels::cuda::mbarrier_wait(&barriers[me], static_cast<unsigned>(turn + 1 - me) % 2);
    number[0] = number[0] * 2 + me;
    kernels::cuda::mbarrier_arrive(&barriers[1 - me]);
  }
  if (me == 1) *out = number[0];
}

TEST(Hopper, mbarrier_phases_alternate) {
  int* out = nullptr;
  CUDA_CHECK(cudaMalloc(&out, sizeof(int)));
  launch(ping_pong_kernel, 1, 64, 0, nullptr, 5, out);
  EXPECT_EQ(*out, 0b0101010101);
  CUDA_CHECK(cudaFree(out));
}

}  // namespace
}  // namespace nst
