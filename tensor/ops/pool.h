// Pooling; kernels/pool.h has the windows and the formulas.
#pragma once

#include "tensor/tensor.h"

namespace nst::ops {

struct PoolParams {
  int64_t kernel = 2, stride = 2;
  bool ceil_mode = false;  // a last window that the image's edge cuts counts too
  bool relu = false;       // max pooling of max(0, x), which need not be made
};

// y (N, P, Q, C), and where in its window each y was found (uint8): all that its backward needs.
struct MaxPooled {
  Tensor y, taps;
};

// x (N, H, W, C) -> (N, P, Q, C). Throw std::invalid_argument when no window fits, or when a kernel has more
// taps than a byte can tell.
MaxPooled max_pool_with_taps(const Tensor& x, const PoolParams& params);
Tensor max_pool_forward(const Tensor& x, const PoolParams& params);
Tensor average_pool_forward(const Tensor& x, const PoolParams& params);

// The gradient of x, of shape x_shape, from grad_y (N, P, Q, C). Among equals, the first in row-major order
// gets it.
Tensor max_pool_backward(const Tensor& taps, const Tensor& grad_y, const Shape& x_shape,
                         const PoolParams& params);
Tensor average_pool_backward(const Tensor& grad_y, const Shape& x_shape, const PoolParams& params);

}  // namespace nst::ops
