#include "autograd/ops/total_variation.h"

namespace nst::autograd {

Variable total_variation(const Variable& x, ops::TvVariant variant) {
  // dx[i] = dtv * (sum of the cells' derivatives in which pixel i takes part)
  return record("total_variation", ops::total_variation_forward(x.value(), variant), {x},
                [x = x.value(), variant](const Tensor& grad_tv, const NeedsGrad&) -> std::vector<Tensor> {
                  return {ops::total_variation_backward(x, grad_tv, variant)};
                });
}

}  // namespace nst::autograd
