// Two-dimensional convolution (cross-correlation, as in every deep-learning framework) with zero padding:
//   y[n,i,j,k] = b[k] + sum_{r,s,c} x[n, i*stride + r - pad, j*stride + s - pad, c] w[k,c,r,s]
// Other paddings are the pad op's business.
#pragma once

#include <cstdint>

#include "kernels/context.h"

namespace nst::kernels {

struct Conv2dShape {
  int64_t n, h, w, c;  // input (N, H, W, C)
  int64_t k, r, s;     // weight (K, C, R, S)
  int64_t stride = 1;
  int64_t pad = 0;  // zeros on each of the four sides

  int64_t out_h() const { return (h + 2 * pad - r) / stride + 1; }
  int64_t out_w() const { return (w + 2 * pad - s) / stride + 1; }
  int64_t in_numel() const { return n * h * w * c; }
  int64_t out_numel() const { return n * out_h() * out_w() * k; }
};

// How the sum is evaluated. Weights are packed once for a shape and an algorithm and used many times.
enum class Conv2dAlgorithm {
  gemm,       // gather the taps of a strip of pixels into a matrix, multiply; any shape
  winograd4,  // Lavin & Gray 2016, F(4x4, 3x3): 3x3 stride 1, 4 times fewer multiplications
};

// The fastest algorithm that can do this shape; `gemm` where nothing else can.
Conv2dAlgorithm conv2d_algorithm(const CpuContext& context, const Conv2dShape& shape);
Conv2dAlgorithm conv2d_algorithm(const CudaContext& context, const Conv2dShape& shape);

// Elements of a packed weight: the same count serves both directions.
int64_t conv2d_packed_numel(const Conv2dShape& shape, Conv2dAlgorithm algorithm);

// Packs w (K, C, R, S) for conv2d_forward.
NST_KERNEL(conv2d_pack_forward, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const T* w, T* packed);

// Writes y (N, P, Q, K). `bias` (K) may be null. With `relu`, y = max(0, conv).
NST_KERNEL(conv2d_forward, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const T* x, const T* packed,
           const T* bias, bool relu, T* y);

// Packs w (K, C, R, S) for conv2d_backward_input.
NST_KERNEL(conv2d_pack_backward_input, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const T* w,
           T* packed);

// Writes grad_x (N, H, W, C) = the transposed convolution of grad_y (N, P, Q, K).
NST_KERNEL(conv2d_backward_input, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const T* grad_y,
           const T* packed, T* grad_x);

// Writes grad_w (K, C, R, S) = sum over images and pixels of x (N, H, W, C) times grad_y (N, P, Q, K).
NST_KERNEL(conv2d_backward_weight, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const T* x,
           const T* grad_y, T* grad_w);

// Writes grad_b[k] = sum over images and pixels of grad_y[.., k].
NST_KERNEL(conv2d_backward_bias, const Conv2dShape& shape, const T* grad_y, T* grad_b);

}  // namespace nst::kernels
