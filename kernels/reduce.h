// Reductions of a whole array to one element, which stays on the device: an optimiser combines them there
// without waiting. Sums are accumulated in double.
#pragma once

#include "kernels/context.h"

namespace nst::kernels {

// sum[0] = scale * sum_i x[i]
NST_KERNEL(sum_forward, int64_t count, T scale, const T* x, T* sum);
// grad_x[i] = scale * grad_sum[0]
NST_KERNEL(sum_backward, int64_t count, T scale, const T* grad_sum, T* grad_x);
// dot[0] = sum_i a[i] b[i]
NST_KERNEL(dot, int64_t count, const T* a, const T* b, T* dot);
// norm[0] = sum_i |x[i]|
NST_KERNEL(norm1, int64_t count, const T* x, T* norm);
// largest[0] = max_i |x[i]|, 0 for an empty array, NaN when any element is.
NST_KERNEL(max_abs, int64_t count, const T* x, T* largest);

}  // namespace nst::kernels
