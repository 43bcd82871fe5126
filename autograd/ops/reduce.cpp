#include "autograd/ops/reduce.h"

#include <stdexcept>

#include "tensor/ops/reduce.h"

namespace nst::autograd {
namespace {

Variable scaled_sum(const Variable& x, double scale) {
  // dx = scale dy everywhere
  return record("sum", ops::sum_forward(x.value(), scale), {x},
                [x_shape = x.shape(), scale](const Tensor& grad_y, const NeedsGrad&) -> std::vector<Tensor> {
                  return {ops::sum_backward(grad_y, x_shape, scale)};
                });
}

}  // namespace

Variable sum(const Variable& x) { return scaled_sum(x, 1); }

Variable mean(const Variable& x) {
  if (x.value().numel() == 0)
    throw std::invalid_argument("mean: x has no elements, got " + x.value().describe());
  return scaled_sum(x, 1.0 / static_cast<double>(x.value().numel()));
}

}  // namespace nst::autograd
