// Differentiable statistics of each channel of x (N, H, W, C) over an image's pixels, (N, C): what AdaIN
// transfers and its style loss compares. kernels/channel_stats.h has the formulas.
#pragma once

#include "autograd/variable.h"
#include "tensor/ops/channel_stats.h"

namespace nst::autograd {

Variable channel_mean(const Variable& x);
// sqrt(variance + eps); its gradient is 0 in a channel where that is 0.
Variable channel_std(const Variable& x, const ops::ChannelStdParams& params = {});

}  // namespace nst::autograd
