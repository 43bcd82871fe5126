#include "tensor/ops/narrow.h"

#include "tensor/dispatch.h"

namespace nst::ops {

Tensor narrow(const Tensor& x, Narrow type) {
  Tensor y = Tensor::empty({2 * x.numel()}, DType::uint8, x.device());
  auto* const out = reinterpret_cast<uint16_t*>(y.mutable_data<uint8_t>());
  const float* const in = x.data<float>();
  dispatch("narrow", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    if constexpr (std::is_same_v<T, float>) kernels::narrow<float>(context, type, x.numel(), in, out);
  });
  return y;
}

Tensor widen(const Tensor& narrowed, Narrow type, const Shape& shape) {
  check_shape("widen", "the narrowed tensor", narrowed, {2 * shape.numel()});
  Tensor y = Tensor::empty(shape, DType::float32, narrowed.device());
  const auto* const in = reinterpret_cast<const uint16_t*>(narrowed.data<uint8_t>());
  dispatch("widen", y, [&]<class T>(const auto& context, std::type_identity<T>) {
    if constexpr (std::is_same_v<T, float>) {
      kernels::widen<float>(context, type, shape.numel(), in, y.mutable_data<float>());
    }
  });
  return y;
}

}  // namespace nst::ops
