#include "tensor/ops/tanh.h"

#include "kernels/tanh.h"
#include "tensor/dispatch.h"

namespace nst::ops {

Tensor tanh_forward(const Tensor& x) {
  Tensor y = Tensor::empty_like(x);
  dispatch("tanh", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::tanh_forward<T>(context, x.numel(), x.data<T>(), y.mutable_data<T>());
  });
  return y;
}

Tensor tanh_backward(const Tensor& y, const Tensor& grad_y) {
  check_same("tanh_backward", y, grad_y);
  Tensor grad_x = Tensor::empty_like(y);
  dispatch("tanh_backward", y, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::tanh_backward<T>(context, y.numel(), y.data<T>(), grad_y.data<T>(), grad_x.mutable_data<T>());
  });
  return grad_x;
}

}  // namespace nst::ops
