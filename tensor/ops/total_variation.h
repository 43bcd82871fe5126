// Total variation; kernels/total_variation.h has the formulas and where they come from.
#pragma once

#include <span>
#include <string_view>

#include "kernels/total_variation.h"
#include "tensor/tensor.h"

namespace nst::ops {

using kernels::TvVariant;

// "squared", "anisotropic", ... in the enumeration's order.
std::span<const std::string_view> tv_variant_names();
// Throws std::invalid_argument, listing the names, on any other.
TvVariant parse_tv_variant(std::string_view name);

// x (N, H, W, C) -> (1), of all images together.
Tensor total_variation_forward(const Tensor& x, TvVariant variant);

// grad_tv (1) -> the gradient of x.
Tensor total_variation_backward(const Tensor& x, const Tensor& grad_tv, TvVariant variant);

}  // namespace nst::ops
