#include "autograd/ops/resize.h"

namespace nst::autograd {

Variable resize(const Variable& x, int64_t height, int64_t width, const ops::ResizeParams& params) {
  // Linear in x: dx = the transposed resampling of dy
  return record("resize", ops::resize_forward(x.value(), height, width, params), {x},
                [x_shape = x.shape(), params](const Tensor& grad_y, const NeedsGrad&) -> std::vector<Tensor> {
                  return {ops::resize_backward(grad_y, x_shape, params)};
                });
}

}  // namespace nst::autograd
