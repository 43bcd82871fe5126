#include "tensor/ops/channel_stats.h"

#include <fmt/format.h>

#include <stdexcept>

#include "tensor/dispatch.h"

namespace nst::ops {

kernels::ChannelShape channel_shape(std::string_view op, const Tensor& x, Variance variance) {
  check_rank(op, "x", x, 4);
  const kernels::ChannelShape shape{x.size(0), x.size(1) * x.size(2), x.size(3)};
  if (kernels::variance_divisor(variance, shape.pixels) < 1) {
    throw std::invalid_argument(fmt::format("{}: x must have at least {} per image, got {}", op,
                                            variance == Variance::biased ? "one pixel" : "two pixels",
                                            x.describe()));
  }
  return shape;
}

Tensor channel_mean_forward(const Tensor& x) {
  const auto shape = channel_shape("channel_mean", x);
  Tensor mean = Tensor::empty({shape.n, shape.c}, x.dtype(), x.device());
  dispatch("channel_mean", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::channel_mean_forward<T>(context, shape, x.data<T>(), mean.mutable_data<T>());
  });
  return mean;
}

Tensor channel_mean_backward(const Tensor& grad_mean, const Shape& x_shape) {
  Tensor grad_x = Tensor::empty(x_shape, grad_mean.dtype(), grad_mean.device());
  const auto shape = channel_shape("channel_mean_backward", grad_x);
  check_shape("channel_mean_backward", "grad_mean", grad_mean, {shape.n, shape.c});
  dispatch("channel_mean_backward", grad_mean, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::channel_mean_backward<T>(context, shape, grad_mean.data<T>(), grad_x.mutable_data<T>());
  });
  return grad_x;
}

ChannelStd channel_std_forward(const Tensor& x, const ChannelStdParams& params) {
  const auto shape = channel_shape("channel_std", x, params.variance);
  if (!(params.eps >= 0)) {
    throw std::invalid_argument(fmt::format("channel_std: eps must not be negative, got {}", params.eps));
  }
  ChannelStd stats{Tensor::empty({shape.n, shape.c}, x.dtype(), x.device()),
                   Tensor::empty({shape.n, shape.c}, x.dtype(), x.device())};
  dispatch("channel_std", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::channel_std_forward<T>(context, shape, params.variance, static_cast<T>(params.eps), x.data<T>(),
                                    stats.mean.mutable_data<T>(), stats.std.mutable_data<T>());
  });
  return stats;
}

Tensor channel_std_backward(const Tensor& x, const ChannelStd& stats, const Tensor& grad_std,
                            Variance variance) {
  const auto shape = channel_shape("channel_std_backward", x, variance);
  for (const auto& [name, tensor] :
       {std::pair{"mean", &stats.mean}, {"std", &stats.std}, {"grad_std", &grad_std}}) {
    check_shape("channel_std_backward", name, *tensor, {shape.n, shape.c});
  }
  Tensor grad_x = Tensor::empty_like(x);
  dispatch("channel_std_backward", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::channel_std_backward<T>(context, shape, variance, x.data<T>(), stats.mean.data<T>(),
                                     stats.std.data<T>(), grad_std.data<T>(), grad_x.mutable_data<T>());
  });
  return grad_x;
}

}  // namespace nst::ops
