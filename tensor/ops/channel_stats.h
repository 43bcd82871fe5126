// Mean and standard deviation of each channel over an image's pixels; kernels/channel_stats.h has the
// formulas.
#pragma once

#include <string_view>

#include "kernels/channel_stats.h"
#include "tensor/tensor.h"

namespace nst::ops {

using kernels::Variance;

struct ChannelStdParams {
  Variance variance = Variance::biased;
  double eps = 0;  // added to the variance, under the root
};

// The sizes of x (N, H, W, C) as the kernels take them. Throws std::invalid_argument, naming the op, when x
// has another rank or too few pixels for the variance: one, or two for the unbiased.
kernels::ChannelShape channel_shape(std::string_view op, const Tensor& x,
                                    Variance variance = Variance::biased);

// x (N, H, W, C) -> (N, C)
Tensor channel_mean_forward(const Tensor& x);
// grad_mean (N, C) -> the gradient of x, of shape x_shape
Tensor channel_mean_backward(const Tensor& grad_mean, const Shape& x_shape);

struct ChannelStd {
  Tensor mean, std;  // (N, C) each
};
// x (N, H, W, C); the mean comes with it, for the backward.
ChannelStd channel_std_forward(const Tensor& x, const ChannelStdParams& params);
// grad_std (N, C) -> the gradient of x, given the forward's result; 0 in channels whose std is 0.
Tensor channel_std_backward(const Tensor& x, const ChannelStd& stats, const Tensor& grad_std,
                            Variance variance);

}  // namespace nst::ops
