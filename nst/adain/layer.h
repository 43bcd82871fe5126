// The AdaIN layer (Huang & Belongie 2017, eq. 8): every channel of the content's features is given the mean
// and the standard deviation that it has over the style's pixels.
//   AdaIN(x, y) = std(y) (x - mean(x)) / std(x) + mean(y)
#pragma once

#include "autograd/variable.h"
#include "tensor/ops/channel_stats.h"

namespace nst {

// std = sqrt(variance + eps), for content and style alike. The published decoders were trained with one or
// the other; on maps of thousands of pixels they differ by less than 1e-3.
struct AdainParams {
  ops::Variance variance = ops::Variance::biased;
  double eps = 1e-5;
};
inline constexpr AdainParams kTorchAdain{};  // xunhuang1995/AdaIN-style, and this project's own
inline constexpr AdainParams kNaotoAdain{.variance = ops::Variance::unbiased};  // naoto0804/pytorch-AdaIN

// Of each channel over an image's pixels, (N, C) both.
struct ChannelStatistics {
  autograd::Variable mean, std;
};
// features (N, H, W, C). Throws std::invalid_argument when the variance wants more pixels.
ChannelStatistics channel_statistics(const autograd::Variable& features, const AdainParams& params = {});

// content (N, H, W, C) -> the same shape. One pass: an instance norm whose scale and shift are the style's.
autograd::Variable adain(const autograd::Variable& content, const ChannelStatistics& style,
                         const AdainParams& params = {});

}  // namespace nst
