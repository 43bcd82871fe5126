// The `direct` algorithm of conv2d on the CPU: a matrix product whose left operand is the image where it
// lies.
//
// In NHWC the taps of one filter row are S*C elements in a row, and those of the next pixel begin stride*C
// further: a matrix with overlapping rows, to which conv2d_gemm's gather would copy every element S times.
// The product sums R of them, one per filter row. Only padding and a gate need a copy, of rows, once.
//
// With very few filters a line of columns would be mostly empty. Then the columns are (tap column, filter)
// instead, which gives for every *input* column what it adds to S neighbouring outputs:
//   z[j, s, k] = sum_{r,c} x[i + r, j, c] w[k, c, r, s]        y[i, j, k] = sum_s z[j + s, s, k]
// Backward to the input is the forward pass with rotated, transposed filters, with a stride one for each
// phase of the pixels. conv2d_direct_weight_cpu.cpp is the weight's gradient.
#pragma once

#include <algorithm>

#include "kernels/conv2d.h"
#include "kernels/cpu_variant.h"

namespace nst::kernels::conv2d_direct_cpu {

// Whether the product's columns are (tap column, filter).
inline bool columns_are_taps(int64_t filters, int64_t stride) { return filters <= 8 && stride == 1; }

// Elements of a packed weight of either direction: columns filled up to lines of 16.
inline int64_t packed_numel(const Conv2dShape& shape) {
  const auto one_way = [&](int64_t channels, int64_t filters) {
    const bool taps = columns_are_taps(filters, shape.stride);
    const int64_t columns = taps ? shape.s * filters : filters, rows = taps ? 1 : shape.s;
    return shape.r * rows * channels * ((columns + 15) / 16 * 16);
  };
  return std::max(one_way(shape.c, shape.k), one_way(shape.k, shape.c));
}

// w (K, C, R, S) -> packed (lines of columns, R, S, C, columns of a line), or without S where it is a column
NST_VARIANT_KERNEL(pack_forward, const Conv2dShape& shape, const T* w, T* packed);
NST_VARIANT_KERNEL(forward, const Conv2dShape& shape, const T* x, const T* packed, const T* bias, bool relu,
                   T* y);

// The same with C and K exchanged and the taps in reverse, phase by phase.
NST_VARIANT_KERNEL(pack_backward_input, const Conv2dShape& shape, const T* w, T* packed);
NST_VARIANT_KERNEL(backward_input, const Conv2dShape& shape, const T* grad_y, const T* gate, const T* packed,
                   T* grad_x);

// Whether the weight's gradient has x for its columns rather than grad_y, which takes fewer multiplications
// where there are few filters.
inline bool x_is_columns(const Conv2dShape& shape) {
  const auto filled = [](int64_t channels) { return (channels + 15) / 16 * 16; };
  return shape.stride == 1 && shape.k * filled(shape.c) < shape.c * filled(shape.k);
}
// Whether it is faster than gathering the taps. Lines of more columns lie far apart, and Eigen's product,
// which packs its operands, is ahead: by a fifth on 256x256 pixels, 64 to 128 channels, 3x3, stride 2.
inline bool backward_weight_pays(const Conv2dShape& shape) {
  return (x_is_columns(shape) ? shape.c : shape.k) <= 64;
}
// Differs from `gemm`'s in the last digits, as it adds in an order of its own.
NST_VARIANT_KERNEL(backward_weight, const Conv2dShape& shape, const T* x, const T* grad_y, T* grad_w);

}  // namespace nst::kernels::conv2d_direct_cpu
