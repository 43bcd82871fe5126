#include "autograd/ops/elementwise.h"

#include "tensor/ops/elementwise.h"

namespace nst::autograd {

Variable add(const Variable& a, const Variable& b) {
  // da = db = dy
  return record("add", ops::add(a.value(), b.value()), {a, b},
                [](const Tensor& grad_y, const NeedsGrad&) -> std::vector<Tensor> {
                  return {grad_y, grad_y};
                });
}

Variable sub(const Variable& a, const Variable& b) {
  // da = dy, db = -dy
  return record("sub", ops::sub(a.value(), b.value()), {a, b},
                [](const Tensor& grad_y, const NeedsGrad& needs) -> std::vector<Tensor> {
                  return {grad_y, needs[1] ? ops::affine(grad_y, -1) : Tensor()};
                });
}

Variable mul(const Variable& a, const Variable& b) {
  // da = dy b, db = dy a
  return record(
      "mul", ops::mul(a.value(), b.value()), {a, b},
      [a = a.value(), b = b.value()](const Tensor& grad_y, const NeedsGrad& needs) -> std::vector<Tensor> {
        return {needs[0] ? ops::mul(grad_y, b) : Tensor(), needs[1] ? ops::mul(grad_y, a) : Tensor()};
      });
}

Variable affine(const Variable& x, double scale, double offset) {
  // dx = scale dy
  return record("affine", ops::affine(x.value(), scale, offset), {x},
                [scale](const Tensor& grad_y, const NeedsGrad&) -> std::vector<Tensor> {
                  return {ops::affine(grad_y, scale)};
                });
}

Variable clamp(const Variable& x, double low, double high) {
  // dx = dy where low <= x <= high
  return record("clamp", ops::clamp_forward(x.value(), low, high), {x},
                [x = x.value(), low, high](const Tensor& grad_y, const NeedsGrad&) -> std::vector<Tensor> {
                  return {ops::clamp_backward(x, grad_y, low, high)};
                });
}

}  // namespace nst::autograd
