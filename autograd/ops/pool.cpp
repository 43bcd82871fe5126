#include "autograd/ops/pool.h"

namespace nst::autograd {

Variable max_pool(const Variable& x, const ops::PoolParams& params) {
  if (!will_record({x})) return Variable(ops::max_pool_forward(x.value(), params));
  // dx = dy at each window's first largest element, with the ReLU only where that is positive; saves the
  // places
  auto [y, taps] = ops::max_pool_with_taps(x.value(), params);
  return record("max_pool", y, {x},
                [taps = taps, x_shape = x.shape(), params](const Tensor& grad_y,
                                                           const NeedsGrad&) -> std::vector<Tensor> {
                  return {ops::max_pool_backward(taps, grad_y, x_shape, params)};
                });
}

Variable average_pool(const Variable& x, const ops::PoolParams& params) {
  // dx = dy / (pixels of the window) at every pixel of it
  return record("average_pool", ops::average_pool_forward(x.value(), params), {x},
                [x_shape = x.shape(), params](const Tensor& grad_y, const NeedsGrad&) -> std::vector<Tensor> {
                  return {ops::average_pool_backward(grad_y, x_shape, params)};
                });
}

}  // namespace nst::autograd
