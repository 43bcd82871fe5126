#include "tensor/ops/total_variation.h"

#include <array>

#include "tensor/dispatch.h"
#include "tensor/names.h"

namespace nst::ops {
namespace {

constexpr std::array<std::string_view, 6> kNames{"squared",  "squared_cropped", "anisotropic",
                                                 "titu1994", "mean_squared",    "nine_point"};

kernels::ImageShape image_shape(const Tensor& x) {
  check_rank("total_variation", "x", x, 4);
  return {x.size(0), x.size(1), x.size(2), x.size(3)};
}

}  // namespace

std::span<const std::string_view> tv_variant_names() { return kNames; }
TvVariant parse_tv_variant(std::string_view name) {
  return parse_name<TvVariant>("total variation", kNames, name);
}

Tensor total_variation_forward(const Tensor& x, TvVariant variant) {
  const auto shape = image_shape(x);
  Tensor tv = Tensor::empty({1}, x.dtype(), x.device());
  dispatch("total_variation", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::total_variation_forward<T>(context, shape, variant, x.data<T>(), tv.mutable_data<T>());
  });
  return tv;
}

Tensor total_variation_backward(const Tensor& x, const Tensor& grad_tv, TvVariant variant) {
  const auto shape = image_shape(x);
  check_shape("total_variation_backward", "grad_tv", grad_tv, {1});
  Tensor grad_x = Tensor::empty_like(x);
  dispatch("total_variation_backward", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::total_variation_backward<T>(context, shape, variant, x.data<T>(), grad_tv.data<T>(),
                                         grad_x.mutable_data<T>());
  });
  return grad_x;
}

}  // namespace nst::ops
