#include "autograd/ops/gram.h"

#include "autograd/saved.h"

namespace nst::autograd {

Variable gram(const Variable& features, const ops::GramParams& params) {
  // dF = scale (dG + dG^T) (F + shift)
  return record("gram", ops::gram_forward(features.value(), params), {features},
                [features = Saved(features), params](const Tensor& grad_gram,
                                                     const NeedsGrad& needs) -> std::vector<Tensor> {
                  return {ops::gram_backward(features.get(), grad_gram, params, needs.sums[0])};
                });
}

Variable cross_gram(const Variable& a, const Variable& b, const ops::GramParams& params) {
  // dA = scale (B + shift) dG^T, dB = scale (A + shift) dG; an operand is saved for the other's gradient.
  return record("cross_gram", ops::cross_gram_forward(a.value(), b.value(), params), {a, b},
                [a = b.requires_grad() ? Saved(a) : Saved(), b = a.requires_grad() ? Saved(b) : Saved(),
                 params](const Tensor& grad_gram, const NeedsGrad& needs) -> std::vector<Tensor> {
                  return {needs[0] ? ops::cross_gram_backward_a(b.get(), grad_gram, params) : Tensor(),
                          needs[1] ? ops::cross_gram_backward_b(a.get(), grad_gram, params) : Tensor()};
                });
}

}  // namespace nst::autograd
