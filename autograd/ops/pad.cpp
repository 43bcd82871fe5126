#include "autograd/ops/pad.h"

namespace nst::autograd {

Variable pad(const Variable& x, const ops::PadParams& params) {
  // dx[p] = sum of dy over the places p was copied to; saves nothing
  return record("pad", ops::pad_forward(x.value(), params), {x},
                [x_shape = x.shape(), params](const Tensor& grad_y, const NeedsGrad&) -> std::vector<Tensor> {
                  return {ops::pad_backward(grad_y, x_shape, params)};
                });
}

}  // namespace nst::autograd
