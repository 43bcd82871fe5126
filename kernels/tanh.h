// Hyperbolic tangent, elementwise: what bounds the colours of a transform network (Johnson et al. 2016).
#pragma once

#include "kernels/context.h"

namespace nst::kernels {

// y may be x. NaN stays NaN.
NST_KERNEL(tanh_forward, int64_t count, const T* x, T* y);

// grad_x = grad_y (1 - y^2). grad_x may be grad_y.
NST_KERNEL(tanh_backward, int64_t count, const T* y, const T* grad_y, T* grad_x);

}  // namespace nst::kernels
