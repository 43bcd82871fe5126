// Idea        Fewer multiplications instead of faster ones. Winograd's F(2x2, 3x3) makes a 2x2 tile of y from
//             a 4x4 patch of x with 16 multiplications where the sum takes 36 (winograd.h; Lavin & Gray
//             2016). Summed over the channels, each of the 16 is a matrix product over all tiles:
//
//               x --B^T d B--> v (16, tiles, C) --16 products with u--> m (16, tiles, K) --A^T m A--> y
//               w --G g G^T--> u (16, C, K)
// Change      The product of im2col, 16 at a time (grid.z), between two passes that transform.
// Bottleneck  Memory. v is 4 times x, m 4 times y; both are written and read: 16 trips of an activation where
//             06 makes two.
// Constraints Scratch for v, m and u. The filters are transformed in every run; production keeps them.
#pragma once

#include <algorithm>

#include "kernels/cuda/winograd.cuh"
#include "kernels/study/conv2d/05_im2col.cuh"

namespace nst::kernels::study::conv2d::winograd {

using kernels::winograd::F2x2;

// y as tiles of F::kTile x F::kTile pixels.
struct Tiles {
  Shape shape;
  int rows, columns;  // of tiles in an image

  NST_HOST_DEVICE int count() const { return shape.n * rows * columns; }
};

template <class F>
Tiles tiles_of(const Shape& g) {
  return {g, (g.h + F::kTile - 1) / F::kTile, (g.w + F::kTile - 1) / F::kTile};
}

// u (kPlanes, C, K) from w (9, C, K).
template <class F>
void transform_filters(const CudaContext& context, const Shape& g, const float* w, float* u) {
  const int filters = g.c * g.k;
  cuda::for_each(context, filters, [=] __device__(int64_t i) {
    float taps[3][3], t[F::kPatch][F::kPatch];
#pragma unroll
    for (int tap = 0; tap < 9; ++tap) taps[tap / 3][tap % 3] = w[tap * filters + i];
    cuda::transform<typename F::G>(taps, t);
#pragma unroll
    for (int f = 0; f < F::kPatch * F::kPatch; ++f) u[f * filters + i] = t[f / F::kPatch][f % F::kPatch];
  });
}

// The patch of x, B^T d B, that channel c of a tile is made from.
template <class F>
__device__ void transform_patch(const Tiles& g, const float* x, int tile, int c,
                                float (&t)[F::kPatch][F::kPatch]) {
  const Shape& s = g.shape;
  const int row = tile / g.columns % g.rows * F::kTile - 1, column = tile % g.columns * F::kTile - 1;
  const float* const image = x + tile / g.columns / g.rows * s.h * s.w * s.c + c;
  float d[F::kPatch][F::kPatch];
#pragma unroll
  for (int a = 0; a < F::kPatch; ++a) {
#pragma unroll
    for (int b = 0; b < F::kPatch; ++b) {
      const bool exists = cuda::inside(row + a, s.h) && cuda::inside(column + b, s.w);
      d[a][b] = exists ? image[((row + a) * s.w + column + b) * s.c] : 0;
    }
  }
  cuda::transform<typename F::BT>(d, t);
}

// Writes the tile of filter k, A^T m A.
template <class F>
__device__ void write_tile(const Tiles& g, const float (&m)[F::kPatch][F::kPatch], int tile, int k,
                           float* y) {
  const Shape& s = g.shape;
  const int row = tile / g.columns % g.rows * F::kTile, column = tile % g.columns * F::kTile;
  float* const image = y + tile / g.columns / g.rows * s.h * s.w * s.k + k;
  float t[F::kTile][F::kTile];
  cuda::transform<typename F::AT>(m, t);
#pragma unroll
  for (int a = 0; a < F::kTile; ++a) {
#pragma unroll
    for (int b = 0; b < F::kTile; ++b) {
      if (row + a < s.h && column + b < s.w) image[((row + a) * s.w + column + b) * s.k] = t[a][b];
    }
  }
}

// The three passes over the tiles [first, first + count).
template <class F>
void run_passes(const CudaContext& context, const Tiles& g, int first, int count, const float* x,
                const float* u, float* v, float* m, float* y) {
  constexpr int kPlanes = F::kPatch * F::kPatch;
  const int c = g.shape.c, k = g.shape.k;
  cuda::for_each(context, int64_t{count} * c, [=] __device__(int64_t i) {
    float t[F::kPatch][F::kPatch];
    transform_patch<F>(g, x, first + static_cast<int>(i / c), static_cast<int>(i % c), t);
#pragma unroll
    for (int f = 0; f < kPlanes; ++f) v[int64_t{f} * count * c + i] = t[f / F::kPatch][f % F::kPatch];
  });
  im2col::product(context, im2col::MatrixRows{v, count, c}, count, c, k, u, m, kPlanes);
  cuda::for_each(context, int64_t{count} * k, [=] __device__(int64_t i) {
    float t[F::kPatch][F::kPatch];
#pragma unroll
    for (int f = 0; f < kPlanes; ++f) t[f / F::kPatch][f % F::kPatch] = m[int64_t{f} * count * k + i];
    write_tile<F>(g, t, first + static_cast<int>(i / k), static_cast<int>(i % k), y);
  });
}

// All tiles, `pass` of them at a time.
template <class F>
void in_passes(const CudaContext& context, const Tiles& g, int pass, const float* x, const float* w,
               float* y) {
  constexpr int64_t kPlanes = F::kPatch * F::kPatch;
  const int64_t c = g.shape.c, k = g.shape.k;
  float* const u = context.scratch<float>(kPlanes * (c * k + pass * (c + k)));
  float *const v = u + kPlanes * c * k, *const m = v + kPlanes * pass * c;
  transform_filters<F>(context, g.shape, w, u);
  for (int first = 0; first < g.count(); first += pass) {
    run_passes<F>(context, g, first, std::min(pass, g.count() - first), x, u, v, m, y);
  }
}

inline void run(const CudaContext& context, const Shape& g, const float* x, const float* w, float* y) {
  const Tiles tiles = tiles_of<F2x2>(g);
  in_passes<F2x2>(context, tiles, tiles.count(), x, w, y);
}

// Operations of a transform by B^T or A^T of one column.
template <class F>
inline constexpr double kInputOps = F::kTile == 2 ? 4 : 20;
template <class F>
inline constexpr double kOutputOps = F::kTile == 2 ? 4 : 13;

// The passes over all tiles. Patches overlap: they are read from memory once, the rest comes from L2. With
// `in_l2` v and m stay there; else they go to memory and come back.
template <class F>
Cost passes_cost(const Shape& g, bool in_l2) {
  constexpr double kPlanes = F::kPatch * F::kPatch;
  const Sizes s(g);
  const int count = tiles_of<F>(g).count();
  const double u = kPlanes * g.c * g.k * kWord, v = kPlanes * count * g.c * kWord,
               m = kPlanes * count * g.k * kWord;
  const double transforms =
      count * (g.c * kInputOps<F> * 2 * F::kPatch + g.k * kOutputOps<F> * (F::kPatch + F::kTile));
  const Cost one = im2col::product_cost(count, g.c, g.k);
  return {.flop = kPlanes * one.flop + transforms,
          .dram_bytes = s.once() + 2 * u + (in_l2 ? 0 : 2 * (v + m)),
          .l2_bytes = s.w + u + 2 * v + kPlanes * one.l2_bytes + m + s.y,
          .shared_bytes = s.w + u + 2 * v + kPlanes * one.shared_bytes + m + s.y,
          .instructions = kPlanes * one.instructions + (transforms + (2 * v + m + s.y) / kWord) / kWarp,
          .blocks = kPlanes * one.blocks};
}

inline Cost cost(const Shape& g) { return passes_cost<F2x2>(g, false); }

}  // namespace nst::kernels::study::conv2d::winograd
