#include "tensor/ops/squared_error.h"

#include "kernels/squared_error.h"
#include "tensor/dispatch.h"

namespace nst::ops {

Tensor squared_error_forward(const Tensor& a, const Tensor& b, double scale) {
  check_same("squared_error", a, b);
  Tensor loss = Tensor::empty({1}, a.dtype(), a.device());
  dispatch("squared_error", a, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::squared_error_forward<T>(context, a.numel(), static_cast<T>(scale), a.data<T>(), b.data<T>(),
                                      loss.mutable_data<T>());
  });
  return loss;
}

Tensor squared_error_backward(const Tensor& a, const Tensor& b, const Tensor& grad_loss, double scale) {
  check_same("squared_error_backward", a, b);
  check_shape("squared_error_backward", "grad_loss", grad_loss, {1});
  Tensor grad_a = Tensor::empty_like(a);
  dispatch("squared_error_backward", a, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::squared_error_backward<T>(context, a.numel(), static_cast<T>(scale), a.data<T>(), b.data<T>(),
                                       grad_loss.data<T>(), grad_a.mutable_data<T>());
  });
  return grad_a;
}

}  // namespace nst::ops
