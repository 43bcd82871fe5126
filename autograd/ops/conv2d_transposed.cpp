#include "autograd/ops/conv2d_transposed.h"

#include <stdexcept>

namespace nst::autograd {

Variable conv2d_transposed(const Variable& x, const Variable& weight, const ops::Conv2dWeight& packed,
                           int64_t height, int64_t width, const ops::Conv2dParams& params) {
  if (params.relu || params.padding_mode != ops::PaddingMode::zero) {
    throw std::invalid_argument("conv2d_transposed: zero padding only, and no ReLU");
  }
  if (!packed.weight().shares_storage(weight.value())) {
    throw std::invalid_argument("conv2d_transposed: the packed weight belongs to another weight");
  }
  check_rank("conv2d_transposed", "x", x.value(), 4);
  const Shape y_shape{x.shape()[0], height, width, weight.shape()[1]};
  Tensor y = ops::conv2d_backward_input(x.value(), {}, packed, y_shape, params);
  // dx = convolution of dy with w;  dw = correlation of dy with x: the convolution's own, with x and dy in
  // each other's places
  return record("conv2d_transposed", std::move(y), {x, weight},
                [x = weight.requires_grad() ? x.value() : Tensor(), packed, params](
                    const Tensor& grad_y, const NeedsGrad& needs) -> std::vector<Tensor> {
                  return {needs[0] ? ops::conv2d_forward(grad_y, packed, {}, params) : Tensor(),
                          needs[1] ? ops::conv2d_backward_weight(grad_y, x, packed.weight().shape(), params)
                                   : Tensor()};
                });
}

}  // namespace nst::autograd
