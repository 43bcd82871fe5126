#include "autograd/ops/relu.h"

#include "tensor/ops/relu.h"

namespace nst::autograd {

Variable relu(const Variable& x) {
  const Tensor y = ops::relu_forward(x.value());
  // dx = dy where y > 0; saves y, which the next layer holds anyway
  return record("relu", y, {x}, [y](const Tensor& grad_y, const NeedsGrad&) -> std::vector<Tensor> {
    return {ops::relu_backward(y, grad_y)};
  });
}

}  // namespace nst::autograd
