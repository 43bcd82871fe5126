#include "tensor/ops/elementwise.h"

#include <fmt/format.h>

#include <stdexcept>

#include "kernels/elementwise.h"
#include "tensor/dispatch.h"

namespace nst::ops {

Tensor add(const Tensor& a, const Tensor& b) {
  check_same("add", a, b);
  Tensor y = Tensor::empty_like(a);
  dispatch("add", a, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::add<T>(context, a.numel(), a.data<T>(), b.data<T>(), y.mutable_data<T>());
  });
  return y;
}

Tensor sub(const Tensor& a, const Tensor& b) {
  check_same("sub", a, b);
  Tensor y = Tensor::empty_like(a);
  dispatch("sub", a, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::sub<T>(context, a.numel(), a.data<T>(), b.data<T>(), y.mutable_data<T>());
  });
  return y;
}

Tensor mul(const Tensor& a, const Tensor& b) {
  check_same("mul", a, b);
  Tensor y = Tensor::empty_like(a);
  dispatch("mul", a, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::mul<T>(context, a.numel(), a.data<T>(), b.data<T>(), y.mutable_data<T>());
  });
  return y;
}

Tensor affine(const Tensor& x, double scale, double offset) {
  Tensor y = Tensor::empty_like(x);
  dispatch("affine", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::affine<T>(context, x.numel(), static_cast<T>(scale), static_cast<T>(offset), x.data<T>(),
                       y.mutable_data<T>());
  });
  return y;
}

void axpy(double scale, const Tensor& x, Tensor& y) {
  check_same("axpy", x, y);
  dispatch("axpy", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    count_access(y.bytes());  // read as well as written
    kernels::axpy<T>(context, x.numel(), static_cast<T>(scale), x.data<T>(), y.mutable_data<T>());
  });
}

Tensor clamp_forward(const Tensor& x, double low, double high) {
  if (!(low <= high)) throw std::invalid_argument(fmt::format("clamp: [{}, {}] is no interval", low, high));
  Tensor y = Tensor::empty_like(x);
  dispatch("clamp", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::clamp_forward<T>(context, x.numel(), static_cast<T>(low), static_cast<T>(high), x.data<T>(),
                              y.mutable_data<T>());
  });
  return y;
}

Tensor clamp_backward(const Tensor& x, const Tensor& grad_y, double low, double high) {
  check_same("clamp_backward", x, grad_y);
  Tensor grad_x = Tensor::empty_like(x);
  dispatch("clamp_backward", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::clamp_backward<T>(context, x.numel(), static_cast<T>(low), static_cast<T>(high), x.data<T>(),
                               grad_y.data<T>(), grad_x.mutable_data<T>());
  });
  return grad_x;
}

}  // namespace nst::ops
