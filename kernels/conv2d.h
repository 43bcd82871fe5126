// Two-dimensional convolution (cross-correlation, as in every deep-learning framework) of a padded image:
//   y[n,i,j,k] = b[k] + sum_{r,s,c} x[n, i*stride + r - pad, j*stride + s - pad, c] w[k,c,r,s]
// where beyond the image x is zero, or mirrored at its outermost pixels as pad.h defines. The padded image
// never exists in memory. Replicated borders are the pad op's business.
#pragma once

#include <compare>
#include <cstdint>

#include "kernels/context.h"
#include "kernels/pad.h"

namespace nst::kernels {

struct Conv2dShape {
  int64_t n, h, w, c;  // input (N, H, W, C)
  int64_t k, r, s;     // weight (K, C, R, S)
  int64_t stride = 1;
  int64_t pad = 0;                               // pixels on each of the four sides
  PaddingMode padding_mode = PaddingMode::zero;  // or reflect, with pad < h and pad < w

  bool reflects() const { return padding_mode == PaddingMode::reflect && pad > 0; }

  int64_t out_h() const { return (h + 2 * pad - r) / stride + 1; }
  int64_t out_w() const { return (w + 2 * pad - s) / stride + 1; }
  int64_t in_numel() const { return n * h * w * c; }
  int64_t out_numel() const { return n * out_h() * out_w() * k; }
  auto operator<=>(const Conv2dShape&) const = default;  // some order, for tables
};

// How the sum is evaluated. Weights are packed once for a shape and an algorithm and used many times.
enum class Conv2dAlgorithm {
  gemm,       // gather the taps of a tile of pixels into a matrix, multiply; any shape
  winograd4,  // Lavin & Gray 2016, F(4x4, 3x3): 3x3 stride 1, 4 times fewer multiplications
  winograd2,  // F(2x2, 3x3): 2.25 times fewer, and no less exact than the sum (CUDA)
  direct,     // CPU: the product of gemm, of the image where it lies; a padding smaller than the kernel
              // CUDA: the sum as it is written; 3x3 or 9x9, stride 1, few channels on either side
  cudnn,      // NVIDIA's library, in float32; gemm where it is asked for float64 (CUDA)
  // gemm on Hopper's own tensor-core instructions, in the math mode of the same name alone: stride 1,
  // channels in multiples of 8 on both sides, tensors aligned to 16 bytes. float64 gets a plain gemm.
  wgmma_bf16,
  wgmma_fp16,
  wgmma_tf32,
};

// The fastest algorithm that can do this shape:
//   CPU    winograd4 for 3x3 stride 1 with 16 channels or more on both sides, else direct where possible.
//   CUDA   direct where x or y has at most 4 channels, 3x3 or 9x9, stride 1: a network's first and last
//   layer,
//          whose product would leave most of a tile's columns, or of its depth, empty;
//          winograd4 in MathMode::fp32 for 3x3 stride 1 with 32 channels or more on both sides, multiples of
//          4, and 64 tiles of 4x4 pixels or more, enough to pay for the 4 times larger weight;
//          wgmma_bf16, wgmma_fp16 and wgmma_tf32 in that math mode, on compute capability 9.0, where they can
//          do the shape and both sides have 64 (tf32: 32) channels or more; gemm for all else: in any mode
//          but fp32 the tensor cores outrun Winograd's savings. With ConvBackend::cudnn, cudnn for everything
//          that it can do.
Conv2dAlgorithm conv2d_algorithm(const CpuContext& context, const Conv2dShape& shape);
Conv2dAlgorithm conv2d_algorithm(const CudaContext& context, const Conv2dShape& shape);

// Whether the algorithm can do this shape there. The functions below ask for one that can.
bool conv2d_supports(const CpuContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm);
bool conv2d_supports(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm);

// Elements of a weight packed for conv2d_forward and for conv2d_backward_input: enough on every device.
int64_t conv2d_packed_numel(const Conv2dShape& shape, Conv2dAlgorithm algorithm);
int64_t conv2d_packed_backward_numel(const Conv2dShape& shape, Conv2dAlgorithm algorithm);

// Packs w (K, C, R, S) for conv2d_forward.
NST_KERNEL(conv2d_pack_forward, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const T* w, T* packed);

// Writes y (N, P, Q, K). `bias` (K) may be null. With `relu`, y = max(0, conv).
NST_KERNEL(conv2d_forward, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const T* x, const T* packed,
           const T* bias, bool relu, T* y);

// Packs w (K, C, R, S) for conv2d_backward_input.
NST_KERNEL(conv2d_pack_backward_input, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const T* w,
           T* packed);

// Whether conv2d_backward_input() takes a gate there. Where not, relu_backward() goes first.
constexpr bool conv2d_takes_gate(const CpuContext&) { return true; }
constexpr bool conv2d_takes_gate(const CudaContext&) { return false; }

// Writes grad_x (N, H, W, C) = the transposed convolution of grad_y (N, P, Q, K), of a reflecting convolution
// with its border folded back (conv2d_mirror.h). With a `gate`, also (N, P, Q, K), grad_y counts only where
// that is positive: y as the gate leads back through a fused ReLU, and the gradient before it never goes
// through memory. Null otherwise.
NST_KERNEL(conv2d_backward_input, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const T* grad_y,
           const T* gate, const T* packed, T* grad_x);

// Writes grad_w (K, C, R, S) = sum over images and pixels of x (N, H, W, C) times grad_y (N, P, Q, K). CUDA
// has one algorithm of ours for it, gemm, whichever of them is asked for.
NST_KERNEL(conv2d_backward_weight, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const T* x,
           const T* grad_y, T* grad_w);

// Writes grad_b[k] = sum over images and pixels of grad_y[.., k].
NST_KERNEL(conv2d_backward_bias, const Conv2dShape& shape, const T* grad_y, T* grad_b);

}  // namespace nst::kernels
