// Idea        v and m need never leave the multiprocessor. A block transforms the patches of 32 tiles into
//             shared memory, 8 channels at a time, multiplies there, and transforms its sums back.
//
//               for each 8 channels:
//                 patches of x --> v (16, 8, 32 tiles)   |
//                 memory       --> u (16, 8, 32 filters) |  16 products, added to sums in registers
//               then twice:
//                 sums --> shared memory (16, 16 tiles, 32 filters) --A^T m A--> y
// Change      08's three passes in one kernel. 16 planes of 32x32 sums are 64 for each of 256 threads. A warp
//             takes two planes, a lane 8 tiles by 4 filters of each. An output needs all 16 planes, which
//             eight warps hold: they meet in shared memory.
// Bottleneck  Issue slots, and L1: every block of 32 filters loads and transforms the patches again. That is
//             2 times for 64 filters, 16 times for 512, where 08's trips are the lesser evil.
// Constraints 34 KiB of shared memory, 128 registers: no room for the 36 planes of F(4x4).
#pragma once

#include "kernels/study/conv2d/08_winograd.cuh"

namespace nst::kernels::study::conv2d::winograd_fused {

using F = kernels::winograd::F2x2;
using winograd::Tiles;

constexpr int kTiles = 32, kFilters = 32, kChannels = 8, kPlanes = F::kPatch * F::kPatch;
constexpr int kThreads = kTiles * kChannels;
constexpr int kPlanesPerWarp = 2, kTilesPerLane = 8, kFiltersPerLane = 4;
constexpr int kTilePitch = kTiles + 4;  // neighbouring channels in other banks
constexpr int kHalf = kTiles / 2;       // tiles that the exchange holds at a time

// What a block shares: two tiles, and when it is through with them, a stage for half of its sums.
union Shared {
  struct {
    float v[kPlanes][kChannels][kTilePitch];
    float u[kPlanes][kChannels][kFilters];
  };
  float sums[kPlanes][kHalf][kFilters];
};

using Sums = float[kPlanesPerWarp][kTilesPerLane][kFiltersPerLane];

// The next channels' v and u: a thread transforms the patch of one tile and channel, and copies 16 weights.
__device__ inline void load_tiles(const Tiles& g, const float* x, const float* u, int first_tile,
                                  int first_filter, int first_channel, Shared& shared) {
  {
    const int c = threadIdx.x % kChannels, t = threadIdx.x / kChannels;
    float patch[F::kPatch][F::kPatch] = {};
    if (first_channel + c < g.shape.c && first_tile + t < g.count()) {
      winograd::transform_patch<F>(g, x, first_tile + t, first_channel + c, patch);
    }
#pragma unroll
    for (int f = 0; f < kPlanes; ++f) shared.v[f][c][t] = patch[f / F::kPatch][f % F::kPatch];
  }
  const int k = threadIdx.x % kFilters, c = threadIdx.x / kFilters;
  const bool exists = first_channel + c < g.shape.c && first_filter + k < g.shape.k;
#pragma unroll
  for (int f = 0; f < kPlanes; ++f) {
    shared.u[f][c][k] = exists ? u[(f * g.shape.c + first_channel + c) * g.shape.k + first_filter + k] : 0;
  }
}

__global__ void __launch_bounds__(kThreads, 2)
    conv2d_winograd_fused_kernel(const Tiles g, const float* x, const float* u, float* y) {
  NST_SHARED(Shared, all, [1]);
  Shared& shared = all[0];

  const int first_tile = blockIdx.x * kTiles, first_filter = blockIdx.y * kFilters;
  const int plane = threadIdx.x / 32 * kPlanesPerWarp, lane = threadIdx.x % 32;
  const int group = lane / 8, filter = lane % 8 * kFiltersPerLane;
  Sums sums = {};
  for (int first = 0; first < g.shape.c; first += kChannels) {
    load_tiles(g, x, u, first_tile, first_filter, first, shared);
    __syncthreads();
#pragma unroll
    for (int p = 0; p < kPlanesPerWarp; ++p) {
#pragma unroll
      for (int c = 0; c < kChannels; ++c) {
        float a[2][4], b[4];
        cuda::load4(&shared.v[plane + p][c][group * kTilesPerLane], a[0]);
        cuda::load4(&shared.v[plane + p][c][group * kTilesPerLane + 4], a[1]);
        cuda::load4(&shared.u[plane + p][c][filter], b);
#pragma unroll
        for (int i = 0; i < kTilesPerLane; ++i) {
#pragma unroll
          for (int j = 0; j < kFiltersPerLane; ++j) sums[p][i][j] += a[i / 4][i % 4] * b[j];
        }
      }
    }
    __syncthreads();
  }

  // Four of each lane's eight tiles, then the other four.
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    if (half == 1) __syncthreads();  // the first half has been read
#pragma unroll
    for (int p = 0; p < kPlanesPerWarp; ++p) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        cuda::store4(&shared.sums[plane + p][group * 4 + i][filter], sums[p][half * 4 + i]);
      }
    }
    __syncthreads();
    const int k = threadIdx.x % kFilters;
    for (int slot = threadIdx.x / kFilters; slot < kHalf; slot += kThreads / kFilters) {
      const int tile = first_tile + slot / 4 * kTilesPerLane + half * 4 + slot % 4;
      if (tile >= g.count() || first_filter + k >= g.shape.k) continue;
      float m[F::kPatch][F::kPatch];
#pragma unroll
      for (int f = 0; f < kPlanes; ++f) m[f / F::kPatch][f % F::kPatch] = shared.sums[f][slot][k];
      winograd::write_tile<F>(g, m, tile, first_filter + k, y);
    }
  }
}

inline void run(const CudaContext& context, const Shape& g, const float* x, const float* w, float* y) {
  const Tiles tiles = winograd::tiles_of<F>(g);
  float* const u = context.scratch<float>(int64_t{kPlanes} * g.c * g.k);
  winograd::transform_filters<F>(context, g, w, u);
  cuda::launch(conv2d_winograd_fused_kernel,
               dim3(cuda::blocks_for(tiles.count(), kTiles), cuda::blocks_for(g.k, kFilters)), kThreads, 0,
               context.stream(), tiles, x, u, y);
}

// For a channel, a warp loads 3 float4 of each of two planes, a wavefront each, for 64 FMAs; a lane
// transforms 16 values and copies 16 more. The sums are exchanged once.
inline Cost cost(const Shape& g) {
  const Sizes s(g);
  constexpr double kWarps = kThreads / kWarp, kFetched = kPlanes * (kTiles + kFilters);
  constexpr double kFill = kPlanes * kTiles / 8.0 + kPlanes * (kTiles + 2 * kFilters) / kWarp;
  constexpr double kSums = kPlanes * kTiles * kFilters;
  const int count = winograd::tiles_of<F>(g).count();
  const double across = tiles(g.k, kFilters), blocks = tiles(count, kTiles) * across;
  const double u = double{kPlanes} * g.c * g.k * kWord;
  constexpr double kInput = winograd::kInputOps<F> * 2 * F::kPatch;
  constexpr double kOutput = winograd::kOutputOps<F> * (F::kPatch + F::kTile);
  return {.flop = count * (2.0 * kPlanes * g.c * g.k + across * g.c * kInput + g.k * kOutput),
          .dram_bytes = s.once() + 2 * u,
          .l2_bytes = s.w + u + blocks * g.c * kFetched * kWord + s.y,
          .shared_bytes = blocks * (g.c * (kWarps * 2 * 3 + kFill) + 2 * kSums / kWarp) * kWavefrontBytes,
          .instructions =
              blocks * (g.c * (kWarps * (2 * 3 + 64) + kInput + 2 * kFetched / kWarp) + 2 * kSums / kWarp),
          .blocks = blocks};
}

}  // namespace nst::kernels::study::conv2d::winograd_fused
