// Pooling; kernels/pool.h has the windows and the formulas.
#pragma once

#include "tensor/tensor.h"

namespace nst::ops {

struct PoolParams {
  int64_t kernel = 2, stride = 2;
  bool ceil_mode = false;  // a last window that the image's edge cuts counts too
};

// x (N, H, W, C) -> (N, P, Q, C). Throw std::invalid_argument when no window fits.
Tensor max_pool_forward(const Tensor& x, const PoolParams& params);
Tensor average_pool_forward(const Tensor& x, const PoolParams& params);

// The gradient of x from grad_y (N, P, Q, C). Among equals, the first in row-major order gets it.
Tensor max_pool_backward(const Tensor& x, const Tensor& grad_y, const PoolParams& params);
// The gradient of x, of shape x_shape.
Tensor average_pool_backward(const Tensor& grad_y, const Shape& x_shape, const PoolParams& params);

}  // namespace nst::ops
