// What an AdaIN network is trained to do (Huang & Belongie 2017, eqs. 11-13). With f a loss network, c and s
// pictures, g the network's output for them:
//   t = AdaIN(f(c), f(s)) at the deepest layer
//   content  = mean (f(g) - t)^2
//   style    = sum_l mean_c (mean_l(g) - mean_l(s))^2 + mean_c (std_l(g) - std_l(s))^2
//   identity = mean (g0 - c)^2, g0 what the network makes of c's features as they are (alpha 0)
//   tv       = total variation of g, per element
// The network's own encoder need not be f. Where it is, t is also what the decoder is given, as in the paper.
#pragma once

#include <string>
#include <vector>

#include "nst/adain/network.h"

namespace nst {

struct AdainObjectiveOptions {
  std::vector<std::string> layers{"relu1_1", "relu2_1", "relu3_1", "relu4_1"};  // of f; the deepest one last
  // naoto0804's, whose style loss is a mean over channels; xunhuang1995 sums them and weighs 1e-2.
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
