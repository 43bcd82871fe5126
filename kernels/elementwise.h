// Arithmetic on arrays of equal length. Every result may be one of its arguments.
#pragma once

#include "kernels/context.h"

namespace nst::kernels {

// y = a + b
NST_KERNEL(add, int64_t count, const T* a, const T* b, T* y);
// y = a - b
NST_KERNEL(sub, int64_t count, const T* a, const T* b, T* y);
// y = a * b
NST_KERNEL(mul, int64_t count, const T* a, const T* b, T* y);
// y = scale * x + offset
NST_KERNEL(affine, int64_t count, T scale, T offset, const T* x, T* y);
// y = scale * x + y, BLAS' axpy
NST_KERNEL(axpy, int64_t count, T scale, const T* x, T* y);
// y = x limited to [low, high]; NaN stays NaN.
NST_KERNEL(clamp_forward, int64_t count, T low, T high, const T* x, T* y);
// grad_x = grad_y where low <= x <= high, else 0
NST_KERNEL(clamp_backward, int64_t count, T low, T high, const T* x, const T* grad_y, T* grad_x);

}  // namespace nst::kernels
