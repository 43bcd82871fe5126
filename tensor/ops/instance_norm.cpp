#include "tensor/ops/instance_norm.h"

#include <fmt/format.h>

#include <stdexcept>

#include "tensor/dispatch.h"

namespace nst::ops {
namespace {

// Null for an undefined tensor.
template <class T>
const T* data_or_null(const Tensor& x) {
  return x.defined() ? x.data<T>() : nullptr;
}
template <class T>
T* mutable_data_or_null(Tensor& x) {
  return x.defined() ? x.mutable_data<T>() : nullptr;
}

void check_parameter(std::string_view name, const Tensor& parameter, const Tensor& x) {
  const Shape per_channel{x.size(3)}, per_image{x.size(0), x.size(3)};
  if (!parameter.defined()) return;
  if ((parameter.shape() == per_channel || parameter.shape() == per_image) &&
      parameter.dtype() == x.dtype() && parameter.device() == x.device()) {
    return;
  }
  throw std::invalid_argument(fmt::format("instance_norm: {} must be {} or {} like x, {}, got {}", name,
                                          per_channel.to_string(), per_image.to_string(), x.describe(),
                                          parameter.describe()));
}

}  // namespace

InstanceNorm instance_norm_forward(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                                   const InstanceNormParams& params) {
  const auto of_x = channel_shape("instance_norm", x, params.variance);
  check_parameter("gamma", gamma, x);
  check_parameter("beta", beta, x);
  if (gamma.defined() && beta.defined()) check_shape("instance_norm", "beta", beta, gamma.shape());
  if (!(params.eps >= 0)) {
    throw std::invalid_argument(fmt::format("instance_norm: eps must not be negative, got {}", params.eps));
  }
  const kernels::InstanceNormShape shape{of_x, (gamma.defined() ? gamma : beta).rank() == 2, params.variance,
                                         params.relu};
  InstanceNorm result{Tensor::empty_like(x), Tensor::empty({of_x.n, of_x.c}, x.dtype(), x.device()),
                      Tensor::empty({of_x.n, of_x.c}, x.dtype(), x.device())};
  dispatch("instance_norm", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::instance_norm_forward<T>(context, shape, static_cast<T>(params.eps), x.data<T>(),
                                      data_or_null<T>(gamma), data_or_null<T>(beta),
                                      result.y.mutable_data<T>(), result.mean.mutable_data<T>(),
                                      result.inverse_std.mutable_data<T>());
  });
  return result;
}

InstanceNormGradients instance_norm_backward(const Tensor& x, const Tensor& gamma,
                                             const Shape& parameter_shape, const InstanceNorm& forward,
                                             const Tensor& grad_y, const InstanceNormParams& params,
                                             const InstanceNormNeeds& needs) {
  const auto of_x = channel_shape("instance_norm_backward", x, params.variance);
  check_same("instance_norm_backward", x, grad_y);
  const kernels::InstanceNormShape shape{of_x, parameter_shape.rank() == 2, params.variance, params.relu};
  const auto make = [&](bool needed, const Shape& size) {
    return needed ? Tensor::empty(size, x.dtype(), x.device()) : Tensor();
  };
  InstanceNormGradients grad{make(needs.x, x.shape()), make(needs.gamma, parameter_shape),
                             make(needs.beta, parameter_shape)};
  dispatch("instance_norm_backward", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::instance_norm_backward<T>(context, shape, x.data<T>(), data_or_null<T>(gamma),
                                       forward.mean.data<T>(), forward.inverse_std.data<T>(),
                                       params.relu ? forward.y.data<T>() : nullptr, grad_y.data<T>(),
                                       mutable_data_or_null<T>(grad.x), mutable_data_or_null<T>(grad.gamma),
                                       mutable_data_or_null<T>(grad.beta));
  });
  return grad;
}

}  // namespace nst::ops
