// The runner's own warp functions, tensor-core products, copies and cuBLAS against their definitions.
#include <gtest/gtest.h>

#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/ptx.cuh"
#include "runner/engine.h"
#include "tensor/cuda_backend.h"
#include "tests/support.h"

namespace nst {
namespace {

using kernels::cuda::launch;
using testing::random_tensor;

__global__ void warp_functions_kernel(int* out) {
  const int lane = threadIdx.x;
  int* const mine = out + lane * 8;
  mine[0] = __shfl_sync(0xffffffff, lane, 5);
  mine[1] = __shfl_up_sync(0xffffffff, lane, 2);
  mine[2] = __shfl_down_sync(0xffffffff, lane, 3, 8);
  mine[3] = __shfl_xor_sync(0xffffffff, lane, 16);
  mine[4] = static_cast<int>(__ballot_sync(0xffffffff, lane % 2));
  mine[5] = __reduce_add_sync(0xffffffff, lane);
  mine[6] = __any_sync(0xffffffff, lane == 7) + 2 * __all_sync(0xffffffff, lane == 7);
  mine[7] = lane < 16 ? __reduce_max_sync(0x0000ffff, lane) : -1;  // half a warp
}

TEST(Runner, warp_functions_follow_the_manual) {
  int* out = nullptr;
  CUDA_CHECK(cudaMalloc(&out, 32 * 8 * sizeof(int)));
  launch(warp_functions_kernel, 1, 32, 0, nullptr, out);
  for (int lane = 0; lane < 32; ++lane) {
    const int* const r = out + lane * 8;
    EXPECT_EQ(r[0], 5);
    EXPECT_EQ(r[1], lane < 2 ? lane : lane - 2);
    EXPECT_EQ(r[2], lane % 8 < 5 ? lane + 3 : lane);
    EXPECT_EQ(r[3], lane ^ 16);
    EXPECT_EQ(static_cast<unsigned>(r[4]), 0xaaaaaaaa);
    EXPECT_EQ(r[5], 31 * 32 / 2);
    EXPECT_EQ(r[6], 1);
    EXPECT_EQ(r[7], lane < 16 ? 15 : -1);
  }
  CUDA_CHECK(cudaFree(out));
}

__global__ void count_kernel(unsigned* at_each, unsigned* total) {
  const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  at_each[block * blockDim.x * blockDim.y * blockDim.z + thread] = block;
  atomicAdd(total, 1);
}

TEST(Runner, every_thread_of_a_grid_of_three_dimensions_runs_once) {
  unsigned* memory = nullptr;
  constexpr unsigned kBlocks = 2 * 3 * 5, kThreads = 7 * 3 * 2;
  CUDA_CHECK(cudaMalloc(&memory, (kBlocks * kThreads + 1) * sizeof(unsigned)));
  unsigned* const total = memory + kBlocks * kThreads;
  *total = 0;
  const auto before = cuda_on_cpu::statistics();
  launch(count_kernel, dim3(2, 3, 5), dim3(7, 3, 2), 0, nullptr, memory, total);
  EXPECT_EQ(*total, kBlocks * kThreads);
  for (unsigned i = 0; i < kBlocks * kThreads; ++i) ASSERT_EQ(memory[i], i / kThreads);
  EXPECT_EQ(cuda_on_cpu::statistics().threads - before.threads, 3u * kBlocks * kThreads);  // in three orders
  CUDA_CHECK(cudaFree(memory));
}

// Rows of 8 (tf32) or 16 (halves) columns: D = A B^T for A (16 rows) and B (8 rows), fragments through
// ldmatrix.
template <class T>
__global__ void mma_kernel(const T* a, const T* b, float* d) {
  constexpr int kDepth = 32 / sizeof(T);
  NST_SHARED(T, tile_a, [16][kDepth]);
  NST_SHARED(T, tile_b, [8][kDepth]);
  const int lane = threadIdx.x, g = lane / 4, t = lane % 4;
  for (int i = lane; i < 16 * kDepth; i += 32) tile_a[i / kDepth][i % kDepth] = a[i];
  for (int i = lane; i < 8 * kDepth; i += 32) tile_b[i / kDepth][i % kDepth] = b[i];
  __syncwarp();
  uint32_t fragment_a[4], fragment_b[2];
  // Matrices: rows 0-7 and 8-15 of the first half of the columns, then of the second.
  kernels::cuda::ldmatrix_x4(fragment_a, &tile_a[lane % 16][lane / 16 * (kDepth / 2)]);
  kernels::cuda::ldmatrix_x2(fragment_b, &tile_b[lane % 8][lane / 8 % 2 * (kDepth / 2)]);
  float sums[4] = {1, 1, 1, 1};
  if constexpr (sizeof(T) == 4) {
    kernels::cuda::mma_m16n8k8_tf32(sums, fragment_a, fragment_b);
  } else if constexpr (std::is_same_v<T, __half>) {
    kernels::cuda::mma_m16n8k16_f16(sums, fragment_a, fragment_b);
  } else {
    kernels::cuda::mma_m16n8k16_bf16(sums, fragment_a, fragment_b);
  }
  for (int r = 0; r < 4; ++r) d[(g + r / 2 * 8) * 8 + 2 * t + r % 2] = sums[r];
}

template <class T>
void check_mma() {
  constexpr int kDepth = 32 / sizeof(T);
  const auto as = random_tensor({16, kDepth}, DType::float32, 1).to_vector<float>(),
             bs = random_tensor({8, kDepth}, DType::float32, 2).to_vector<float>();
  // What the tensor core is given: rounded to its type.
  const auto round = [](float x) {
    if constexpr (sizeof(T) == 4) return __uint_as_float(kernels::cuda::to_tf32(x));
    return static_cast<float>(T(x));
  };
  T *a = nullptr, *b = nullptr;
  float* d = nullptr;
  CUDA_CHECK(cudaMalloc(&a, 16 * kDepth * sizeof(T)));
  CUDA_CHECK(cudaMalloc(&b, 8 * kDepth * sizeof(T)));
  CUDA_CHECK(cudaMalloc(&d, 16 * 8 * sizeof(float)));
  for (int i = 0; i < 16 * kDepth; ++i) a[i] = T(round(as[i]));
  for (int i = 0; i < 8 * kDepth; ++i) b[i] = T(round(bs[i]));
  launch(mma_kernel<T>, 1, 32, 0, nullptr, static_cast<const T*>(a), static_cast<const T*>(b), d);
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 8; ++j) {
      double sum = 1;
      for (int k = 0; k < kDepth; ++k) sum += double{round(as[i * kDepth + k])} * round(bs[j * kDepth + k]);
      EXPECT_NEAR(d[i * 8 + j], sum, 1e-6) << i << ' ' << j;
    }
  }
  for (void* block : {static_cast<void*>(a), static_cast<void*>(b), static_cast<void*>(d)}) {
    CUDA_CHECK(cudaFree(block));
  }
}

TEST(Runner, tensor_core_products_and_ldmatrix_follow_the_layouts) {
  check_mma<float>();
  check_mma<__half>();
  check_mma<__nv_bfloat16>();
}

__global__ void transpose_kernel(const __half* x, __half* y) {
  NST_SHARED(__half, tile, [8][8]);
  for (int i = threadIdx.x; i < 64; i += 32) tile[i / 8][i % 8] = x[i];
  __syncwarp();
  uint32_t r[2];
  kernels::cuda::ldmatrix_x2_trans(r, &tile[threadIdx.x % 8][0]);
  const int g = threadIdx.x / 4, t = threadIdx.x % 4;
  y[g * 8 + 2 * t] = __ushort_as_half(static_cast<unsigned short>(r[0]));
  y[g * 8 + 2 * t + 1] = __ushort_as_half(static_cast<unsigned short>(r[0] >> 16));
}

TEST(Runner, ldmatrix_trans_transposes) {
  __half* x = nullptr;
  CUDA_CHECK(cudaMalloc(&x, 128 * sizeof(__half)));
  for (int i = 0; i < 64; ++i) x[i] = __half(static_cast<float>(i));
  launch(transpose_kernel, 1, 32, 0, nullptr, static_cast<const __half*>(x), x + 64);
  for (int i = 0; i < 64; ++i) EXPECT_EQ(static_cast<float>(x[64 + i]), i % 8 * 8 + i / 8);
  CUDA_CHECK(cudaFree(x));
}

TEST(Runner, refuses_what_no_gpu_would_launch) {
  unsigned* none = nullptr;
  EXPECT_FAILURE(launch(count_kernel, 1, 1025, 0, nullptr, none, none), "a block of 1025 threads");
  EXPECT_FAILURE(launch(count_kernel, dim3(1, 70000), 1, 0, nullptr, none, none), "too many blocks");
  EXPECT_FAILURE(launch(count_kernel, 1, 1, 300 << 10, nullptr, none, none),
                 "too much dynamic shared memory");
}

TEST(Runner, cublas_syrk_and_gemm_are_the_products) {
  constexpr int kN = 5, kK = 33;
  const Tensor a = random_tensor({kK, kN}, DType::float64, 1).to(kCuda);  // column-major: (kN, kK)
  Tensor gram = Tensor::empty({kN, kN}, DType::float64, kCuda), upper = Tensor::empty_like(gram);
  const auto& context = cuda_context(kCuda);
  const double one = 1, zero = 0;
  CUDA_CHECK(cublasDgemm(context.cublas(), CUBLAS_OP_N, CUBLAS_OP_T, kN, kN, kK, &one, a.data<double>(), kN,
                         a.data<double>(), kN, &zero, gram.mutable_data<double>(), kN));
  CUDA_CHECK(cublasDsyrk(context.cublas(), CUBLAS_FILL_MODE_UPPER, CUBLAS_OP_N, kN, kK, &one,
                         a.data<double>(), kN, &zero, upper.mutable_data<double>(), kN));
  const auto as = a.to_vector<double>(), full = gram.to_vector<double>(), half = upper.to_vector<double>();
  for (int i = 0; i < kN; ++i) {
    for (int j = 0; j < kN; ++j) {
      double sum = 0;
      for (int k = 0; k < kK; ++k) sum += as[k * kN + i] * as[k * kN + j];
      EXPECT_NEAR(full[j * kN + i], sum, 1e-13);
      if (i <= j) {
        EXPECT_NEAR(half[j * kN + i], sum, 1e-13);
      } else {
        EXPECT_TRUE(std::isnan(half[j * kN + i]));  // the other half is left alone
      }
    }
  }
}

// --- capture

struct Captured {
  cudaStream_t stream = nullptr;
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  Captured() {
    CUDA_CHECK(cudaStreamCreate(&stream));
    CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  }
  ~Captured() {
    cudaGraphExecDestroy(exec);
    cudaGraphDestroy(graph);
    cudaStreamDestroy(stream);
  }
  void instantiate() {
    CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
    CUDA_CHECK(cudaGraphInstantiate(&exec, graph));
  }
};

__global__ void add_kernel(int* to, int value) { to[threadIdx.x] += value; }
__global__ void racy_kernel(int* to) { to[0] = threadIdx.x; }

TEST(Runner, a_capture_is_done_when_its_graph_is_launched_and_not_before) {
  int* memory = nullptr;
  CUDA_CHECK(cudaMalloc(&memory, 8 * sizeof(int)));
  CUDA_CHECK(cudaMemset(memory, 0, 8 * sizeof(int)));
  Captured captured;
  int value = 5;
  launch(add_kernel, 1, 4, 0, captured.stream, memory, value);
  value = 7;  // an argument is what it was at the call
  CUDA_CHECK(cudaMemcpyAsync(memory + 4, memory, 4 * sizeof(int), cudaMemcpyDeviceToDevice, captured.stream));
  CUDA_CHECK(cudaMemsetAsync(memory, 1, sizeof(int), captured.stream));
  captured.instantiate();
  for (int i = 0; i < 8; ++i) EXPECT_EQ(memory[i], 0) << i;
  const auto before = cuda_on_cpu::statistics();
  for (int i = 0; i < 2; ++i) CUDA_CHECK(cudaGraphLaunch(captured.exec, captured.stream));
  EXPECT_EQ(cuda_on_cpu::statistics().grids - before.grids, 6u);  // in three orders
  EXPECT_EQ(memory[0], 0x01010101);
  EXPECT_EQ(memory[1], 10);
  EXPECT_EQ(memory[4], 0x01010106);
  EXPECT_EQ(memory[7], 10);
  CUDA_CHECK(cudaFree(memory));
}

TEST(Runner, a_race_is_found_in_a_replay_too) {
  int* memory = nullptr;
  CUDA_CHECK(cudaMalloc(&memory, sizeof(int)));
  Captured captured;
  launch(racy_kernel, 1, 4, 0, captured.stream, memory);
  captured.instantiate();
  EXPECT_FAILURE((void)cudaGraphLaunch(captured.exec, captured.stream), "race");
  CUDA_CHECK(cudaFree(memory));
}

TEST(Runner, a_capture_refuses_what_no_graph_can_repeat) {
  float host = 0, *memory = nullptr;
  void* block = nullptr;
  cudaEvent_t event = nullptr;
  CUDA_CHECK(cudaMalloc(&memory, sizeof host));
  CUDA_CHECK(cudaEventCreate(&event));
  const auto expect_refused = [&](const std::function<cudaError_t(cudaStream_t)>& call) {
    Captured captured;
    EXPECT_EQ(call(captured.stream), cudaErrorStreamCaptureUnsupported);
    EXPECT_FAILURE(launch(racy_kernel, 1, 1, 0, captured.stream, reinterpret_cast<int*>(memory)),
                   "previous error during capture");
    EXPECT_EQ(cudaStreamEndCapture(captured.stream, &captured.graph), cudaErrorStreamCaptureInvalidated);
    EXPECT_EQ(captured.graph, nullptr);
    EXPECT_EQ(call(captured.stream), cudaSuccess);  // all is well again
  };
  expect_refused([](cudaStream_t stream) { return cudaStreamSynchronize(stream); });
  expect_refused([](cudaStream_t) { return cudaDeviceSynchronize(); });
  expect_refused([](cudaStream_t stream) { return cudaStreamQuery(stream); });
  expect_refused([&](cudaStream_t) { return cudaEventSynchronize(event); });
  expect_refused([&](cudaStream_t) { return cudaEventQuery(event); });
  expect_refused(
      [&](cudaStream_t) { return cudaMemcpy(&host, memory, sizeof host, cudaMemcpyDeviceToHost); });
  expect_refused([&](cudaStream_t) { return cudaMemset(memory, 0, sizeof host); });
  expect_refused([&](cudaStream_t stream) {
    const cudaError_t status = cudaMallocAsync(&block, 4, stream);
    if (status == cudaSuccess) CUDA_CHECK(cudaFree(block));
    return status;
  });
  expect_refused([&](cudaStream_t) { return cudaFree(nullptr); });
  CUDA_CHECK(cudaEventDestroy(event));
  CUDA_CHECK(cudaFree(memory));
}

TEST(Runner, cublas_is_captured_only_with_a_workspace) {
  constexpr int kN = 3;
  double* memory = nullptr;
  CUDA_CHECK(cudaMalloc(&memory, 2 * kN * kN * sizeof(double)));
  for (int i = 0; i < kN * kN; ++i) memory[i] = i;
  cublasHandle_t blas = nullptr;
  CUDA_CHECK(cublasCreate(&blas));
  const auto product = [&] {
    const double two = 2, zero = 0;
    return cublasDgemm(blas, CUBLAS_OP_N, CUBLAS_OP_N, kN, kN, kN, &two, memory, kN, memory, kN, &zero,
                       memory + kN * kN, kN);
  };
  Captured captured;
  CUDA_CHECK(cublasSetWorkspace(blas, memory, kN * kN * sizeof(double)));
  CUDA_CHECK(cublasSetStream(blas, captured.stream));  // which forgets the workspace
  EXPECT_EQ(product(), CUBLAS_STATUS_NOT_SUPPORTED);
  CUDA_CHECK(cublasSetWorkspace(blas, memory, kN * kN * sizeof(double)));
  CUDA_CHECK(product());
  captured.instantiate();
  EXPECT_TRUE(std::isnan(memory[kN * kN]));
  CUDA_CHECK(cudaGraphLaunch(captured.exec, captured.stream));
  EXPECT_EQ(memory[kN * kN], 2 * (0 * 0 + 3 * 1 + 6 * 2));
  CUDA_CHECK(cublasDestroy(blas));
  CUDA_CHECK(cudaFree(memory));
}

TEST(Runner, copies_must_lie_within_a_block_of_device_memory) {
  float host[4] = {}, *device = nullptr;
  CUDA_CHECK(cudaMalloc(&device, sizeof host));
  EXPECT_EQ(cudaMemcpy(device, host, sizeof host, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(device + 1, host, sizeof host, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(host, host + 2, 8, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
  CUDA_CHECK(cudaFree(device));
}

}  // namespace
}  // namespace nst
