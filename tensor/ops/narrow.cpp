#include "tensor/ops/narrow.h"

#include <fmt/format.h>

#include <stdexcept>

#include "tensor/dispatch.h"

namespace nst::ops {

namespace {

void check_type(std::string_view op, std::string_view argument, const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return;
  throw std::invalid_argument(
      fmt::format("{}: {} must be {}, got {}", op, argument, name_of(dtype), x.describe()));
}

}  // namespace

Tensor narrow(const Tensor& x, Narrow type) {
  check_type("narrow", "x", x, DType::float32);
  Tensor y = Tensor::empty({2 * x.numel()}, DType::uint8, x.device());
  dispatch("narrow", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    if constexpr (std::is_same_v<T, float>) {
      kernels::narrow<float>(context, type, x.numel(), x.data<float>(),
                             reinterpret_cast<uint16_t*>(y.mutable_data<uint8_t>()));
    }
  });
  return y;
}

Tensor widen(const Tensor& narrowed, Narrow type, const Shape& shape) {
  check_shape("widen", "the narrowed tensor", narrowed, {2 * shape.numel()});
  check_type("widen", "the narrowed tensor", narrowed, DType::uint8);
  Tensor y = Tensor::empty(shape, DType::float32, narrowed.device());
  dispatch("widen", y, [&]<class T>(const auto& context, std::type_identity<T>) {
    if constexpr (std::is_same_v<T, float>) {
      kernels::widen<float>(context, type, shape.numel(),
                            reinterpret_cast<const uint16_t*>(narrowed.data<uint8_t>()),
                            y.mutable_data<float>());
    }
  });
  return y;
}

}  // namespace nst::ops
