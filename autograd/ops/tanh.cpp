#include "autograd/ops/tanh.h"

#include "tensor/ops/tanh.h"

namespace nst::autograd {

Variable tanh(const Variable& x) {
  const Tensor y = ops::tanh_forward(x.value());
  // dx = dy (1 - y^2)
  return record("tanh", y, {x}, [y](const Tensor& grad_y, const NeedsGrad&) -> std::vector<Tensor> {
    return {ops::tanh_backward(y, grad_y)};
  });
}

}  // namespace nst::autograd
