// The `gemm` algorithm of conv2d: taps gathered into a matrix a strip of pixels at a time (im2col), so that
// the matrix stays in the cache, times the packed weight. Works for every shape. conv2d_gather.h says how
// both directions are one gather.
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
void backward_input(const Conv2dShape& shape, const T* grad_y, const T* gate, const T* packed, T* grad_x);

template <class T>
void backward_weight(const Conv2dShape& shape, const T* x, const T* grad_y, T* grad_w);

}  // namespace nst::kernels::conv2d_gemm
