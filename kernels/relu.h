// Rectified linear unit: y = max(0, x).
#pragma once

#include "kernels/context.h"

namespace nst::kernels {

// y may be x. NaN stays NaN.
NST_KERNEL(relu_forward, int64_t count, const T* x, T* y);

// grad_x = grad_y where y > 0, else 0. grad_x may be grad_y.
NST_KERNEL(relu_backward, int64_t count, const T* y, const T* grad_y, T* grad_x);

}  // namespace nst::kernels
