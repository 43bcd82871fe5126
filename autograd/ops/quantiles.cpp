#include "autograd/ops/quantiles.h"

#include "tensor/ops/elementwise.h"

namespace nst::autograd {

Variable quantile_error(const Variable& x, const Tensor& weight, const Tensor& target) {
  // dx_i = 2 w_i / (C W) (x_i - Q(m_i)) dL; made beside the loss, whose sorting it needs
  const auto error = ops::quantile_error(x.value(), weight, target, will_record({x}));
  return record("quantile_error", error.loss, {x},
                [grad_x = error.grad_x](const Tensor& grad_loss, const NeedsGrad&) -> std::vector<Tensor> {
                  return {ops::affine(grad_x, grad_loss.item())};
                });
}

}  // namespace nst::autograd
