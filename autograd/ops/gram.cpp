#include "autograd/ops/gram.h"

namespace nst::autograd {

Variable gram(const Variable& features, const ops::GramParams& params) {
  // dF = scale (dG + dG^T) (F + shift)
  return record("gram", ops::gram_forward(features.value(), params), {features},
                [features = features.value(), params](const Tensor& grad_gram, const NeedsGrad&)
                    -> std::vector<Tensor> { return {ops::gram_backward(features, grad_gram, params)}; });
}

Variable cross_gram(const Variable& a, const Variable& b, const ops::GramParams& params) {
  // dA = scale (B + shift) dG^T, dB = scale (A + shift) dG; an operand is saved for the other's gradient.
  return record("cross_gram", ops::cross_gram_forward(a.value(), b.value(), params), {a, b},
                [a = b.requires_grad() ? a.value() : Tensor(), b = a.requires_grad() ? b.value() : Tensor(),
                 params](const Tensor& grad_gram, const NeedsGrad& needs) -> std::vector<Tensor> {
                  return {needs[0] ? ops::cross_gram_backward_a(b, grad_gram, params) : Tensor(),
                          needs[1] ? ops::cross_gram_backward_b(a, grad_gram, params) : Tensor()};
                });
}

}  // namespace nst::autograd
