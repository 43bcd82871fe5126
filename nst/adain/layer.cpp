#include "nst/adain/layer.h"

#include "autograd/ops/channel_stats.h"
#include "autograd/ops/instance_norm.h"

namespace nst {

using autograd::Variable;

ChannelStatistics channel_statistics(const Variable& features, const AdainParams& params) {
  return {autograd::channel_mean(features),
          autograd::channel_std(features, {.variance = params.variance, .eps = params.eps})};
}

Variable adain(const Variable& content, const ChannelStatistics& style, const AdainParams& params) {
  return autograd::instance_norm(content, style.std, style.mean,
                                 {.eps = params.eps, .variance = params.variance});
}

}  // namespace nst
