#include "autograd/ops/gram.h"

namespace nst::autograd {

Variable gram(const Variable& features, const ops::GramParams& params) {
  // dF = scale (dG + dG^T) (F + shift)
  return record("gram", ops::gram_forward(features.value(), params), {features},
                [features = features.value(), params](const Tensor& grad_gram, const NeedsGrad&)
                    -> std::vector<Tensor> { return {ops::gram_backward(features, grad_gram, params)}; });
}

}  // namespace nst::autograd
