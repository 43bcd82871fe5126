#include "autograd/ops/channel_stats.h"

namespace nst::autograd {

Variable channel_mean(const Variable& x) {
  // dx = dmean / pixels
  return record("channel_mean", ops::channel_mean_forward(x.value()), {x},
                [x_shape = x.shape()](const Tensor& grad_mean, const NeedsGrad&) -> std::vector<Tensor> {
                  return {ops::channel_mean_backward(grad_mean, x_shape)};
                });
}

Variable channel_std(const Variable& x, const ops::ChannelStdParams& params) {
  const auto stats = ops::channel_std_forward(x.value(), params);
  // dx = dstd (x - mean) / (divisor std)
  return record("channel_std", stats.std, {x},
                [x = x.value(), stats, variance = params.variance](const Tensor& grad_std,
                                                                   const NeedsGrad&) -> std::vector<Tensor> {
                  return {ops::channel_std_backward(x, stats, grad_std, variance)};
                });
}

}  // namespace nst::autograd
