#include "tensor/ops/reduce.h"

#include "kernels/reduce.h"
#include "tensor/dispatch.h"

namespace nst::ops {

Tensor sum_forward(const Tensor& x, double scale) {
  Tensor sum = Tensor::empty({1}, x.dtype(), x.device());
  dispatch("sum", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::sum_forward<T>(context, x.numel(), static_cast<T>(scale), x.data<T>(), sum.mutable_data<T>());
  });
  return sum;
}

Tensor sum_backward(const Tensor& grad_sum, const Shape& x_shape, double scale) {
  check_shape("sum_backward", "grad_sum", grad_sum, {1});
  Tensor grad_x = Tensor::empty(x_shape, grad_sum.dtype(), grad_sum.device());
  dispatch("sum_backward", grad_sum, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::sum_backward<T>(context, grad_x.numel(), static_cast<T>(scale), grad_sum.data<T>(),
                             grad_x.mutable_data<T>());
  });
  return grad_x;
}

Tensor dot(const Tensor& a, const Tensor& b) {
  check_same("dot", a, b);
  Tensor dot = Tensor::empty({1}, a.dtype(), a.device());
  dispatch("dot", a, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::dot<T>(context, a.numel(), a.data<T>(), b.data<T>(), dot.mutable_data<T>());
  });
  return dot;
}

Tensor norm1(const Tensor& x) {
  Tensor norm = Tensor::empty({1}, x.dtype(), x.device());
  dispatch("norm1", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::norm1<T>(context, x.numel(), x.data<T>(), norm.mutable_data<T>());
  });
  return norm;
}

Tensor max_abs(const Tensor& x) {
  Tensor largest = Tensor::empty({1}, x.dtype(), x.device());
  dispatch("max_abs", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::max_abs<T>(context, x.numel(), x.data<T>(), largest.mutable_data<T>());
  });
  return largest;
}

}  // namespace nst::ops
