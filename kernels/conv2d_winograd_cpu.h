// The `winograd4` algorithm of conv2d; winograd.h has the formula. Backward to the input is the forward
// pass with rotated, transposed filters and padding 2 - pad.
#pragma once

#include <algorithm>

#include "kernels/conv2d.h"
#include "kernels/cpu_variant.h"

namespace nst::kernels::conv2d_winograd {

// Elements of a packed weight of either direction: filters, or channels, filled up to lines of 16.
inline int64_t packed_numel(const Conv2dShape& shape) {
  constexpr int64_t kLine = 16;
  return 36 * std::max(shape.c * ((shape.k + kLine - 1) / kLine * kLine),
                       shape.k * ((shape.c + kLine - 1) / kLine * kLine));
}

// w (K, C, 3, 3) -> packed (blocks of K, 36, lines of a block, C, filters of a line)
NST_VARIANT_KERNEL(pack_forward, const Conv2dShape& shape, const T* w, T* packed);
NST_VARIANT_KERNEL(forward, const Conv2dShape& shape, const T* x, const T* packed, const T* bias, bool relu,
                   T* y);

// w (K, C, 3, 3) -> packed (blocks of C, 36, lines of a block, K, filters of a line)
NST_VARIANT_KERNEL(pack_backward_input, const Conv2dShape& shape, const T* w, T* packed);
NST_VARIANT_KERNEL(backward_input, const Conv2dShape& shape, const T* grad_y, const T* gate, const T* packed,
                   T* grad_x);

// Sums over tiles in an order of its own, so results differ from `gemm`'s in the last digits.
NST_VARIANT_KERNEL(backward_weight, const Conv2dShape& shape, const T* x, const T* grad_y, T* grad_w);

}  // namespace nst::kernels::conv2d_winograd
