// Idea        The product is long and thin: 64 by 262144 by 64 for VGG's relu1_1 at 512 px. So the pixels
//             are cut into parts, each a Gram matrix of its own, and these are added afterwards, in order:
//             no atomics, and the same bits every time.
//
//               F  +------+ part 0 --> partial 0 -+
//                  +------+ part 1 --> partial 1 -+--> added by a second kernel, part by part --> G
//                  +------+ part 2 --> partial 2 -+
// Change      04's sums over a part of the pixels, blockIdx.z of them; its mirror moves to the second kernel.
// Bottleneck  FMA issue, as 04 with enough blocks. F's trip from memory takes half the time of the 64 x 64
//             FMAs for each pixel.
// Constraints Scratch for the parts: their number depends on the shape alone, so that all devices add alike.
//             Production cuts the pixels the same way and has cuBLAS multiply.
#pragma once

#include <algorithm>

#include "kernels/cuda/elementwise.cuh"
#include "kernels/study/gram/04_register_tile.cuh"

namespace nst::kernels::study::gram::split_pixels {

using register_tile::kAcross;
using register_tile::kPerThread;
using register_tile::kSide;
using register_tile::kThreads;

// How many parts the pixels are cut into, and of how many pixels.
struct Parts {
  int count, pixels;

  explicit Parts(const Shape& g) {
    constexpr int kFewestPixels = 256, kBlocks = 512;
    const int across = static_cast<int>(cuda::blocks_for(g.c, kSide));
    const int tiles = across * (across + 1) / 2;
    const int wanted = std::clamp(g.pixels / kFewestPixels, 1, std::max(1, kBlocks / (tiles * g.n)));
    pixels = (g.pixels + wanted - 1) / wanted;
    count = (g.pixels + pixels - 1) / pixels;
  }
};

// partials (N, parts, C, C), their tiles on and above the diagonal.
__global__ void __launch_bounds__(kThreads)
    gram_split_pixels_kernel(const Shape g, const Parts parts, const float* features, float* partials) {
  if (blockIdx.y > blockIdx.x) return;
  const int first_row = blockIdx.y * kSide, first_column = blockIdx.x * kSide;
  const int image = blockIdx.z / parts.count, part = blockIdx.z % parts.count;
  register_tile::Sums sums = {};
  register_tile::add_products(g, features + image * g.pixels * g.c, part * parts.pixels,
                              min(g.pixels, (part + 1) * parts.pixels), first_row, first_column, sums);
  partials += int64_t{blockIdx.z} * g.c * g.c;
#pragma unroll
  for (int i = 0; i < kPerThread; ++i) {
#pragma unroll
    for (int j = 0; j < kPerThread; ++j) {
      const int row = first_row + threadIdx.x / kAcross * kPerThread + i;
      const int column = first_column + threadIdx.x % kAcross * kPerThread + j;
      if (row < g.c && column < g.c) partials[row * g.c + column] = sums[i][j];
    }
  }
}

// gram = the sum of the partials; an element below the diagonal is the one above.
inline void add_partials(const CudaContext& context, const Shape& g, int parts, const float* partials,
                         float* gram) {
  cuda::map(context, g.out_numel(), gram, [=] __device__(int64_t at) {
    const int element = static_cast<int>(at), size = g.c * g.c;
    const int a = element / g.c % g.c, b = element % g.c;
    const float* const from = partials + int64_t{element / size} * parts * size + min(a, b) * g.c + max(a, b);
    float sum = from[0];
    for (int part = 1; part < parts; ++part) sum += from[int64_t{part} * size];
    return sum;
  });
}

// Launches a kernel that writes the partials, a block for each tile of each part, and adds them up.
template <class Kernel>
void in_parts(const CudaContext& context, const Shape& g, Kernel kernel, int threads, const float* features,
              float* gram) {
  const Parts parts(g);
  float* const partials = context.scratch<float>(int64_t{parts.count} * g.out_numel());
  const unsigned tiles = cuda::blocks_for(g.c, kSide);
  cuda::launch(kernel, dim3(tiles, tiles, static_cast<unsigned>(g.n * parts.count)), threads, 0,
               context.stream(), g, parts, features, partials);
  add_partials(context, g, parts.count, partials, gram);
}

inline void run(const CudaContext& context, const Shape& g, const float* features, const float*,
                float* gram) {
  in_parts(context, g, gram_split_pixels_kernel, kThreads, features, gram);
}

// The partials travel to L2 and back.
inline Cost in_parts_cost(const Shape& s, Cost whole) {
  const double parts = Parts(s).count;
  whole.l2_bytes += 2 * parts * kWord * s.out_numel();
  whole.blocks *= parts;
  return whole;
}

inline Cost cost(const Shape& s) { return in_parts_cost(s, register_tile::cost(s)); }

}  // namespace nst::kernels::study::gram::split_pixels
