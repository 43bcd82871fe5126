// Idea        mma.sync on the same 64x64 tiles: operands rounded to TF32, sums in float32, two tiles of
//             pixels on their way by cp.async while one is multiplied.
// Change      Four warps of 32x32 sums, each 2x4 products of 16x8 (fragments: cuda/ptx.cuh). F lies with its
//             channels along a row, which is A's transpose and B as it is: both fragments are read alike.
// Bottleneck  For few channels F's trip from memory, which no faster arithmetic shortens; for many L2, at 16
//             FLOP a byte.
// Constraints Channels in multiples of 4. 27 KiB of shared memory, rows of 72 floats, so that the 4 pixels by
//             8 channels of a fragment lie in 32 banks. Within 2e-3 of the largest element.
#pragma once

#include "kernels/cuda/ptx.cuh"
#include "kernels/study/gram/05_split_pixels.cuh"

namespace nst::kernels::study::gram::tensor_cores {

using split_pixels::Parts;

constexpr int kSide = register_tile::kSide, kPixels = 16, kStages = 3;
constexpr int kPitch = kSide + 8;
constexpr int kWarpSide = 32, kRowTiles = kWarpSide / 16, kColumnTiles = kWarpSide / 8;
constexpr int kThreads = 128;

// How operands are made and multiplied.
struct OneProduct {
  using Word = uint32_t;
  __device__ static Word operand(float x) { return cuda::to_tf32(x); }
  // sums (16x8) += A (16x8) B (8x8)
  __device__ static void multiply(float (&sums)[4], const Word (&a)[4], const Word (&b)[2]) {
    cuda::mma_m16n8k8_tf32(sums, a, b);
  }
};

// The fragment of A (4 words) or B (2) that begins at (pixel, channel). In cuda/ptx.cuh's terms g is the
// channel and t the pixel, for both; A's words lie 8 channels apart, then 4 pixels, B's 4 pixels.
template <class Product, int kWords>
__device__ void load_fragment(const float (&tile)[kPixels][kPitch], int pixel, int channel,
                              typename Product::Word (&words)[kWords]) {
  constexpr int kWide = kWords / 2;
  const int g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
#pragma unroll
  for (int e = 0; e < kWords; ++e) {
    words[e] = Product::operand(tile[pixel + t + e / kWide * 4][channel + g + e % kWide * 8]);
  }
}

template <class Product>
__global__ void __launch_bounds__(kThreads)
    gram_tensor_cores_kernel(const Shape g, const Parts parts, const float* features, float* partials) {
  if (blockIdx.y > blockIdx.x) return;
  NST_SHARED(float, rows, [kStages][kPixels][kPitch]);
  NST_SHARED(float, columns, [kStages][kPixels][kPitch]);

  const int first_row = blockIdx.y * kSide, first_column = blockIdx.x * kSide;
  const int image = blockIdx.z / parts.count, begin = blockIdx.z % parts.count * parts.pixels;
  const int end = min(g.pixels, begin + parts.pixels);
  const int steps = (end - begin + kPixels - 1) / kPixels;
  features += image * g.pixels * g.c;
  // One group of copies for each step and kStages - 1 beyond; beyond the part and the channels they write 0.
  const auto start_copies = [&](int step) {
    if (step < steps) {
      const int channel = threadIdx.x % (kSide / 4) * 4, stage = step % kStages;
#pragma unroll
      for (int p = threadIdx.x / (kSide / 4); p < kPixels; p += kThreads / (kSide / 4)) {
        const int pixel = begin + step * kPixels + p;
        const float* const from = features + pixel * g.c + channel;
        cuda::cp_async<16>(&rows[stage][p][channel], from + first_row,
                           pixel < end && first_row + channel < g.c);
        cuda::cp_async<16>(&columns[stage][p][channel], from + first_column,
                           pixel < end && first_column + channel < g.c);
      }
    }
    cuda::cp_async_commit();
  };

  for (int step = 0; step < kStages - 1; ++step) start_copies(step);
  const int warp = threadIdx.x / 32, row = warp / 2 * kWarpSide, column = warp % 2 * kWarpSide;
  float sums[kRowTiles][kColumnTiles][4] = {};
  for (int step = 0; step < steps; ++step) {
    cuda::cp_async_wait<kStages - 2>();
    __syncthreads();  // this step's tiles are there, and the last one's have been read
    start_copies(step + kStages - 1);
    const int stage = step % kStages;
#pragma unroll
    for (int p = 0; p < kPixels; p += 8) {
      typename Product::Word a[kRowTiles][4], b[kColumnTiles][2];
#pragma unroll
      for (int i = 0; i < kRowTiles; ++i) load_fragment<Product>(rows[stage], p, row + i * 16, a[i]);
#pragma unroll
      for (int j = 0; j < kColumnTiles; ++j) load_fragment<Product>(columns[stage], p, column + j * 8, b[j]);
#pragma unroll
      for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
        for (int j = 0; j < kColumnTiles; ++j) Product::multiply(sums[i][j], a[i], b[j]);
      }
    }
  }

  partials += int64_t{blockIdx.z} * g.c * g.c;
  const int quad = threadIdx.x % 32 / 4, pair = threadIdx.x % 4 * 2;
#pragma unroll
  for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
    for (int j = 0; j < kColumnTiles; ++j) {
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        const int r = first_row + row + i * 16 + e / 2 * 8 + quad;
        const int c = first_column + column + j * 8 + pair + e % 2;
        if (r < g.c && c < g.c) partials[r * g.c + c] = sums[i][j][e];
      }
    }
  }
}

inline bool can_run(const Shape& g) { return g.c % 4 == 0; }

inline void run(const CudaContext& context, const Shape& g, const float* features, const float*,
                float* gram) {
  split_pixels::in_parts(context, g, gram_tensor_cores_kernel<OneProduct>, kThreads, features, gram);
}

// For 8 pixels each of 4 warps loads 2 times 4 words of A's fragments and 4 times 2 of B's, a wavefront each,
// takes `rounding` instructions to make TF32 of each, and multiplies 8 times `products`. The block copies 128
// channels of a pixel, past the registers.
inline Cost tensor_cost(const Shape& s, int products, int rounding) {
  constexpr double kWarps = kThreads / kWarp, kLoads = kRowTiles * 4 + kColumnTiles * 2;
  constexpr double kMmas = kRowTiles * kColumnTiles, kMmaPixels = 8;
  Cost cost =
      tiled_cost(s, {.blocks = s.n * upper_tiles(tiles(s.c, kSide)),
                     .rows = kSide,
                     .columns = kSide,
                     .instructions = kWarps * (kLoads * (1 + rounding) + kMmas * products) / kMmaPixels + 1,
                     .wavefronts = kWarps * kLoads / kMmaPixels + 4});
  cost.flop *= products;
  cost.tensor_cores = true;
  return split_pixels::in_parts_cost(s, cost);
}

inline Cost cost(const Shape& s) { return tensor_cost(s, 1, 1); }

}  // namespace nst::kernels::study::gram::tensor_cores
