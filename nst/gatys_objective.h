// The objective of Gatys et al. 2016, eq. 7, with total variation:
//   L(x) = content_weight * sum_l c_l content_l(x) + style_weight * sum_l s_l style_l(x) + tv_weight * tv(x)
#pragma once

#include <string>
#include <vector>

#include "nst/loss_network.h"
#include "nst/losses.h"
#include "tensor/ops/total_variation.h"

namespace nst {

struct LayerWeight {
  std::string layer;  // "relu4_2"
  double weight = 1;
};

struct StylePicture {
  Tensor picture;     // (1, H, W, 3), RGB, 0..255; any size
  double weight = 1;  // relative to the other styles
};

struct GatysOptions {
  std::vector<LayerWeight> content_layers{{"relu4_2", 1}};
  std::vector<LayerWeight> style_layers{
      {"relu1_1", 1}, {"relu2_1", 1}, {"relu3_1", 1}, {"relu4_1", 1}, {"relu5_1", 1}};
  double content_weight = 1;
  double style_weight = 1;
  double tv_weight = 0;
  ContentNormalisation content_normalisation = ContentNormalisation::mean;
  StyleNormalisation style_normalisation = StyleNormalisation::gatys_notebook;
  ops::TvVariant tv_variant = ops::TvVariant::squared;
};

// Each term with its weights applied, so that they add up to the total.
struct LossTerms {
  double total = 0, content = 0, style = 0, tv = 0;
};

class GatysObjective {
 public:
  // Computes the targets: the content's features, and the weighted mean of the styles' Gram matrices.
  // `network` must outlive the objective. Throws std::invalid_argument on unknown layers, no style, or
  // weights that are not finite or sum to zero.
  GatysObjective(const LossNetwork& network, const Tensor& content, const std::vector<StylePicture>& styles,
                 GatysOptions options);

  // The total loss at a picture (1, H, W, 3) of the content's size, and its terms for read(). On a GPU both
  // are still being computed when this returns: read the terms after backward(), not before, and it never
  // runs dry.
  std::pair<autograd::Variable, Tensor> operator()(const autograd::Variable& picture) const;
  // What the elements of these terms are; read() waits, once, until the device has computed them all.
  LossTerms split(const std::vector<double>& values) const;
  LossTerms read(const Tensor& terms) const { return split(terms.to_vector<double>()); }

  const GatysOptions& options() const { return options_; }

 private:
  const LossNetwork& network_;
  GatysOptions options_;
  PictureSize size_;
  std::vector<std::string> layers_;      // all that are needed, once each
  std::vector<Tensor> content_targets_;  // per content layer, (1, H', W', C)
  std::vector<Tensor> style_targets_;    // per style layer, (1, C, C)
};

// The layers an objective with these options needs.
std::vector<std::string> needed_layers(const GatysOptions& options);

}  // namespace nst
