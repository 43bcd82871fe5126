// What an AdaIN network is trained to do (Huang & Belongie 2017, eqs. 11-13). With f a loss network, c and s
// pictures, g the network's output for them:
//   t = AdaIN(f(c), f(s)) at the deepest layer
//   content  = mean (f(g) - t)^2
//   style    = sum_l statistics_loss of g and s at layer l
//   identity = mean (g0 - c)^2, g0 what the network makes of c's features as they are (alpha 0)
//   tv       = total variation of g, per element
// The network's own encoder need not be f. Where it is, t is also what the decoder is given, as in the paper.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nst/adain/network.h"

namespace nst {

// How the squared differences of channel statistics are put together, the batch's being averaged either way.
enum class StatisticsNormalisation {
  mean,  // over channels: naoto0804/pytorch-AdaIN, with a weight of 10
  sum,   // over channels: xunhuang1995/AdaIN-style, with a weight of 1e-2
};
std::span<const std::string_view> statistics_normalisation_names();
std::string_view name_of(StatisticsNormalisation normalisation);
StatisticsNormalisation parse_statistics_normalisation(std::string_view name);

// (mean - wanted mean)^2 + (std - wanted std)^2 -> (1)
autograd::Variable statistics_loss(const ChannelStatistics& statistics, const ChannelStatistics& wanted,
                                   StatisticsNormalisation normalisation);

struct AdainObjectiveOptions {
  std::vector<std::string> layers{"relu1_1", "relu2_1", "relu3_1", "relu4_1"};  // of f; the deepest one last
  StatisticsNormalisation style_normalisation = StatisticsNormalisation::mean;
  double content_weight = 1, style_weight = 10;
  double identity_weight = 0, tv_weight = 0;
};

struct AdainLosses {
  autograd::Variable total;                         // (1)
  autograd::Variable content, style, identity, tv;  // (1) each, weighted; undefined where the weight is 0
  autograd::Variable picture;                       // g (N, H, W, 3), not clamped
};

// content and style (N, H, W, 3), RGB in 0..1. `loss_network` is an nn::adain_encoder(), or network.encoder()
// itself, which then runs once. Gradients reach the parameters of `network` that want them. Throws
// std::invalid_argument on a layer that the loss network does not have, and when every weight is 0.
AdainLosses adain_losses(const AdainNetwork& network, const nn::ImageNetwork& loss_network,
                         const autograd::Variable& content, const autograd::Variable& style,
                         const AdainObjectiveOptions& options = {});

}  // namespace nst
