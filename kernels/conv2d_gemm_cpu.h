// The `gemm` algorithm of conv2d: taps gathered into a matrix a strip of pixels at a time (im2col), so that
// the matrix stays in the cache, times the packed weight. Works for every shape.
//
// Both directions are the same gather. Forward, output pixel (i, j) reads input rows i*stride + r - pad.
// Backward to the input, input pixel (h, w) reads the output pixels (h + pad - r) / stride that exist; which
// taps r do depends only on the phase (h + pad) mod stride, so pixels are gathered phase by phase and no
// multiplication by zero is done.
#pragma once

#include "kernels/conv2d.h"

namespace nst::kernels::conv2d_gemm {

// w (K, C, R, S) -> packed (R, S, C, K)
template <class T>
void pack_forward(const Conv2dShape& shape, const T* w, T* packed);
template <class T>
void forward(const Conv2dShape& shape, const T* x, const T* packed, const T* bias, bool relu, T* y);

// w (K, C, R, S) -> packed (phase_h, phase_w, taps of the phase, K, C), taps in gather order
template <class T>
void pack_backward_input(const Conv2dShape& shape, const T* w, T* packed);
template <class T>
void backward_input(const Conv2dShape& shape, const T* grad_y, const T* packed, T* grad_x);

template <class T>
void backward_weight(const Conv2dShape& shape, const T* x, const T* grad_y, T* grad_w);

}  // namespace nst::kernels::conv2d_gemm
