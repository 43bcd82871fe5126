#include "tensor/ops/quantiles.h"

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

#include "kernels/quantiles.h"
#include "tensor/dispatch.h"
#include "tensor/ops/reduce.h"

namespace nst::ops {
namespace {

kernels::QuantileShape check(std::string_view op, const Tensor& x, const Tensor& weight, int64_t count) {
  check_rank(op, "x", x, 4);
  const int64_t pixels = x.size(1) * x.size(2);
  if (x.size(0) != 1 || pixels == 0 || pixels > std::numeric_limits<uint32_t>::max())
    throw std::invalid_argument(std::string(op) + ": x must be (1, H, W, C) with a pixel or more, got " +
                                x.describe());
  if (count < 1) throw std::invalid_argument(std::string(op) + ": a distribution needs a quantile or more");
  if (weight.defined()) {
    check_shape(op, "weight", weight, {x.size(1), x.size(2)});
    if (weight.dtype() != x.dtype() || weight.device() != x.device())
      throw std::invalid_argument(std::string(op) + ": weight must be like x, got " + weight.describe());
    if (!(sum_forward(weight).item() > 0))
      throw std::invalid_argument(std::string(op) + ": no pixel has weight");
  }
  return {.pixels = pixels, .channels = x.size(3), .count = count};
}

template <class T>
const T* data_or_null(const Tensor& x) {
  return x.defined() ? x.data<T>() : nullptr;
}

}  // namespace

Tensor quantiles(const Tensor& x, const Tensor& weight, int64_t count) {
  const auto shape = check("quantiles", x, weight, count);
  Tensor q = Tensor::empty({1, count, shape.channels}, x.dtype(), x.device());
  dispatch("quantiles", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::quantiles<T>(context, shape, x.data<T>(), data_or_null<T>(weight), q.mutable_data<T>());
  });
  return q;
}

QuantileError quantile_error(const Tensor& x, const Tensor& weight, const Tensor& target,
                             bool with_gradient) {
  check_rank("quantile_error", "target", target, 3);
  const auto shape = check("quantile_error", x, weight, target.size(1));
  check_shape("quantile_error", "target", target, {1, shape.count, shape.channels});
  QuantileError error{.loss = Tensor::empty({1}, x.dtype(), x.device()), .grad_x = {}};
  if (with_gradient) error.grad_x = Tensor::empty_like(x);
  dispatch("quantile_error", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::quantile_error<T>(context, shape, x.data<T>(), data_or_null<T>(weight), target.data<T>(),
                               error.loss.mutable_data<T>(),
                               with_gradient ? error.grad_x.mutable_data<T>() : nullptr);
  });
  return error;
}

}  // namespace nst::ops
