#include "tensor/ops/relu.h"

#include "kernels/relu.h"
#include "tensor/dispatch.h"

namespace nst::ops {

Tensor relu_forward(const Tensor& x) {
  Tensor y = Tensor::empty_like(x);
  dispatch("relu", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::relu_forward<T>(context, x.numel(), x.data<T>(), y.mutable_data<T>());
  });
  return y;
}

Tensor relu_backward(const Tensor& y, const Tensor& grad_y) {
  check_same("relu_backward", y, grad_y);
  Tensor grad_x = Tensor::empty_like(y);
  dispatch("relu_backward", y, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::relu_backward<T>(context, y.numel(), y.data<T>(), grad_y.data<T>(), grad_x.mutable_data<T>());
  });
  return grad_x;
}

}  // namespace nst::ops
