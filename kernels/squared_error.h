// Weighted squared distance of two arrays, the core of content, style and statistics losses.
#pragma once

#include "kernels/context.h"

namespace nst::kernels {

// loss[0] = scale * sum_i (a[i] - b[i])^2, accumulated in double.
NST_KERNEL(squared_error_forward, int64_t count, T scale, const T* a, const T* b, T* loss);

// grad_a[i] = 2 scale grad_loss[0] (a[i] - b[i]). The gradient of b is the same with a and b exchanged.
NST_KERNEL(squared_error_backward, int64_t count, T scale, const T* a, const T* b, const T* grad_loss,
           T* grad_a);

}  // namespace nst::kernels
