// The perceptual loss of Johnson, Alahi & Fei-Fei 2016: Gatys' objective for batches, where the content is
// each photograph and the style one of several paintings. It trains transform networks.
#pragma once

#include <string>
#include <vector>

#include "nst/gatys_objective.h"
#include "nst/training/training_method.h"

namespace nst {

// pytorch/examples' layers and, for torchvision's VGG-16, its weights:
//   1e5 * MSE(relu2_2) + 1e10 * sum of MSE(gram / (C H W)) at relu1_2, relu2_2, relu3_3, relu4_3.
GatysOptions johnson_options();

class PerceptualLoss {
 public:
  // Computes the styles' Gram matrices; every style counts by its weight times style_weight. `network` must
  // outlive the loss. Throws std::invalid_argument on unknown layers, no style, weights that are no finite
  // numbers of at least 0, or nothing but zeros.
  PerceptualLoss(const LossNetwork& network, const std::vector<StylePicture>& styles, GatysOptions options);

  // At a batch of a network's pictures (N, H, W, 3) of the photographs (N, H, W, 3), both RGB, 0..255: the
  // mean over the batch. `factor` multiplies the style's weight.
  TrainingLoss operator()(const autograd::Variable& pictures, const Tensor& photographs, int64_t style,
                          double factor = 1) const;

  int64_t styles() const { return static_cast<int64_t>(targets_.size()); }
  const GatysOptions& options() const { return options_; }

 private:
  const LossNetwork& network_;
  GatysOptions options_;
  std::vector<std::string> layers_;
  std::vector<double> style_weights_;         // per style
  std::vector<std::vector<Tensor>> targets_;  // per style, per style layer, (1, C, C)
};

}  // namespace nst
