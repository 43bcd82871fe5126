// Idea        The matrix need not exist. Element (pixel, tap and channel) of it lies in x at an address that
//             can be computed, so the product's tiles are filled straight from x: nine reads of a pixel,
//             close together in time, of which L2 answers all but the first.
// Change      The product's left operand: GatheredRows for MatrixRows. The product itself is im2col's.
// Bottleneck  FMA issue, beside some integer arithmetic for the addresses.
// Constraints None. Production: conv2d_simt_cuda.cu, which keeps running addresses instead of dividing, loads
//             16 bytes at a time, and has the next tile on its way while it multiplies this one.
#pragma once

#include "kernels/cuda/divider.h"
#include "kernels/study/conv2d/05_im2col.cuh"

namespace nst::kernels::study::conv2d::implicit_gemm {

struct GatheredRows {
  Shape g;
  const float* x;
  cuda::Divider by_h, by_w, by_c;

  GatheredRows(const Shape& shape, const float* image)
      : g(shape), x(image), by_h(shape.h), by_w(shape.w), by_c(shape.c) {}

  __device__ float operator()(int pixel, int k) const {
    const int tap = by_c.quotient(k), c = by_c.remainder(k, tap), dh = tap / 3 - 1, dw = tap % 3 - 1;
    const int line = by_w.quotient(pixel), column = by_w.remainder(pixel, line);
    const int row = by_h.remainder(line, by_h.quotient(line));
    const bool exists =
        pixel < g.pixels() && tap < 9 && cuda::inside(row + dh, g.h) && cuda::inside(column + dw, g.w);
    return exists ? x[(pixel + dh * g.w + dw) * g.c + c] : 0;
  }
};

inline void run(const CudaContext& context, const Shape& g, const float* x, const float* w, float* y) {
  im2col::product(context, GatheredRows(g, x), g.pixels(), 9 * g.c, g.k, w, y);
}

// The product's, its tiles coming from x.
inline Cost cost(const Shape& g) {
  Cost cost = im2col::product_cost(g.pixels(), 9 * g.c, g.k);
  cost.dram_bytes = Sizes(g).once();
  return cost;
}

}  // namespace nst::kernels::study::conv2d::implicit_gemm
