#include "autograd/ops/squared_error.h"

#include <stdexcept>

#include "autograd/saved.h"
#include "tensor/ops/squared_error.h"

namespace nst::autograd {

Variable sum_of_squares(const Variable& a, const Variable& b, double scale) {
  // da = 2 scale dL (a - b), db = 2 scale dL (b - a)
  return record("squared_error", ops::squared_error_forward(a.value(), b.value(), scale), {a, b},
                [a = Saved(a), b = Saved(b), scale](const Tensor& grad_loss,
                                                    const NeedsGrad& needs) -> std::vector<Tensor> {
                  const Tensor of_a = a.get(), of_b = b.get();
                  return {needs[0] ? ops::squared_error_backward(of_a, of_b, grad_loss, scale) : Tensor(),
                          needs[1] ? ops::squared_error_backward(of_b, of_a, grad_loss, scale) : Tensor()};
                });
}

Variable mse(const Variable& a, const Variable& b) {
  if (a.value().numel() == 0)
    throw std::invalid_argument("mse: a has no elements, got " + a.value().describe());
  return sum_of_squares(a, b, 1.0 / static_cast<double>(a.value().numel()));
}

}  // namespace nst::autograd
