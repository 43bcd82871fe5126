#include "nst/training/perceptual_loss.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "autograd/ops/elementwise.h"
#include "autograd/ops/total_variation.h"
#include "tensor/ops/slice.h"

namespace nst {
namespace {

std::vector<std::string> names_of(const std::vector<LayerWeight>& layers) {
  std::vector<std::string> names;
  for (const auto& [layer, weight] : layers) names.push_back(layer);
  return names;
}

// Normalisations by a mean are means over the batch, too; the others are sums, to be divided by its size.
double batch_factor(StyleNormalisation normalisation, int64_t batch) {
  const bool sums =
      normalisation == StyleNormalisation::gatys || normalisation == StyleNormalisation::titu1994;
  return sums ? 1 / static_cast<double>(batch) : 1;
}
double batch_factor(ContentNormalisation normalisation, int64_t batch) {
  return normalisation == ContentNormalisation::mean ? 1 : 1 / static_cast<double>(batch);
}

Tensor repeated(const Tensor& x, int64_t count) {
  return count == 1 ? x : ops::concat(std::vector<Tensor>(static_cast<size_t>(count), x), 0);
}

}  // namespace

GatysOptions johnson_options() {
  return {.content_layers = {{"relu2_2", 1}},
          .style_layers = {{"relu1_2", 1}, {"relu2_2", 1}, {"relu3_3", 1}, {"relu4_3", 1}},
          .content_weight = 1e5,
          .style_weight = 1e10,
          .content_normalisation = ContentNormalisation::mean,
          .style_normalisation = StyleNormalisation::neural_style};
}

PerceptualLoss::PerceptualLoss(const LossNetwork& network, const std::vector<StylePicture>& styles,
                               GatysOptions options)
    : network_(network), options_(std::move(options)), layers_(needed_layers(options_)) {
  if (styles.empty()) throw std::invalid_argument("training: needs a style picture");
  const autograd::NoGradGuard no_grad;
  double sum = options_.content_weight + options_.tv_weight;
  for (const StylePicture& style : styles) {
    const double w = style.weight * options_.style_weight;
    if (!std::isfinite(w) || w < 0)
      throw std::invalid_argument(fmt::format("training: a style's weight must be at least 0, got {}", w));
    sum += w;
    style_weights_.push_back(w);
    auto& targets = targets_.emplace_back(options_.style_layers.size());
    std::vector<LayerReader> readers;
    for (size_t i = 0; i < targets.size(); ++i) {
      readers.push_back({{options_.style_layers[i].layer}, [&, i](const nn::FeatureMaps& maps) {
                           const auto& map = maps.at(options_.style_layers[i].layer);
                           targets[i] = style_gram(map, options_.style_normalisation).value();
                         }});
    }
    network_.read(autograd::Variable(style.picture), std::move(readers));
  }
  if (!(sum > 0) || !std::isfinite(sum) || options_.content_weight < 0 || options_.tv_weight < 0)
    throw std::invalid_argument("training: the weights of the losses must be at least 0, and one above");
}

TrainingLoss PerceptualLoss::operator()(const autograd::Variable& pictures, const Tensor& photographs,
                                        int64_t style, double factor) const {
  const int64_t n = photographs.size(0);
  const PictureSize size{photographs.size(1), photographs.size(2)};
  nn::FeatureMaps content_maps;
  {
    const autograd::NoGradGuard no_grad;
    content_maps = network_.features(autograd::Variable(photographs), names_of(options_.content_layers));
  }
  const auto maps = network_.features(pictures, layers_);
  TrainingLoss loss;
  // Adds up one kind of terms, then adds them to the total.
  const auto add = [](autograd::Variable& sum, const autograd::Variable& term) {
    sum = sum.defined() ? autograd::add(sum, term) : term;
  };
  const auto close = [&](const std::string& name, const autograd::Variable& sum) {
    if (!sum.defined()) return;
    loss.terms.emplace_back(name, sum.value());
    add(loss.total, sum);
  };
  autograd::Variable content, style_sum;
  for (const auto& [layer, weight] : options_.content_layers) {
    const auto normalisation = options_.content_normalisation;
    add(content,
        autograd::scale(content_loss(maps.at(layer), content_maps.at(layer).value(), normalisation, size),
                        weight * options_.content_weight * batch_factor(normalisation, n)));
  }
  const auto& targets = targets_.at(static_cast<size_t>(style));
  for (size_t i = 0; i < targets.size(); ++i) {
    const StyleTerm& term = options_.style_layers[i];
    const auto normalisation = options_.style_normalisation;
    const auto gram = style_gram(maps.at(term.layer), normalisation);
    add(style_sum, autograd::scale(style_loss(gram, repeated(targets[i], n), normalisation, size),
                                   term.weight * style_weights_[static_cast<size_t>(style)] * factor *
                                       batch_factor(normalisation, n)));
  }
  close("content", content);
  close("style", style_sum);
  if (options_.tv_weight > 0) {
    close("tv", autograd::scale(autograd::total_variation(pictures, options_.tv_variant),
                                options_.tv_weight / static_cast<double>(n)));
  }
  return loss;
}

}  // namespace nst
