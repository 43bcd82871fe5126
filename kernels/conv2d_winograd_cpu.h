// The `winograd4` algorithm of conv2d; winograd.h has the formula. Backward to the input is the forward
// pass with rotated, transposed filters and padding 2 - pad.
#pragma once

#include "kernels/conv2d.h"

namespace nst::kernels::conv2d_winograd {

// Elements of a packed weight of either direction.
int64_t packed_numel(const Conv2dShape& shape);

// w (K, C, 3, 3) -> packed (blocks of K, 36, lines of a block, C, filters of a line)
template <class T>
void pack_forward(const Conv2dShape& shape, const T* w, T* packed);
template <class T>
void forward(const Conv2dShape& shape, const T* x, const T* packed, const T* bias, bool relu, T* y);

// w (K, C, 3, 3) -> packed (blocks of C, 36, lines of a block, K, filters of a line)
template <class T>
void pack_backward_input(const Conv2dShape& shape, const T* w, T* packed);
template <class T>
void backward_input(const Conv2dShape& shape, const T* grad_y, const T* gate, const T* packed, T* grad_x);

// Sums over tiles in an order of its own, so results differ from `gemm`'s in the last digits.
template <class T>
void backward_weight(const Conv2dShape& shape, const T* x, const T* grad_y, T* grad_w);

}  // namespace nst::kernels::conv2d_winograd
