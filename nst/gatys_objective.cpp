#include "nst/gatys_objective.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <stdexcept>

#include "autograd/ops/elementwise.h"
#include "autograd/ops/total_variation.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/slice.h"

namespace nst {
namespace {

void check_weight(std::string_view what, double weight) {
  if (!std::isfinite(weight) || weight < 0) {
    throw std::invalid_argument(
        fmt::format("{} must be a finite number of at least 0, got {}", what, weight));
  }
}

std::vector<std::string> names_of(const std::vector<LayerWeight>& layers) {
  std::vector<std::string> names;
  for (const auto& [layer, weight] : layers) names.push_back(layer);
  return names;
}

// Adds weight * loss to a sum that may be undefined, and returns the term.
Tensor add_term(autograd::Variable& sum, const autograd::Variable& loss, double weight) {
  const autograd::Variable term = autograd::scale(loss, weight);
  sum = sum.defined() ? autograd::add(sum, term) : term;
  return term.value();
}

}  // namespace

std::vector<std::string> needed_layers(const GatysOptions& options) {
  std::vector<std::string> layers = names_of(options.content_layers);
  std::ranges::copy(names_of(options.style_layers), std::back_inserter(layers));
  std::ranges::sort(layers);
  layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
  return layers;
}

GatysObjective::GatysObjective(const LossNetwork& network, const Tensor& content,
                               const std::vector<StylePicture>& styles, GatysOptions options)
    : network_(network), options_(std::move(options)), layers_(needed_layers(options_)) {
  check_rank("basic", "the content picture", content, 4);
  size_ = {content.size(1), content.size(2)};
  check_weight("content_weight", options_.content_weight);
  check_weight("style_weight", options_.style_weight);
  check_weight("tv_weight", options_.tv_weight);
  for (const auto* layers : {&options_.content_layers, &options_.style_layers}) {
    for (const auto& [layer, weight] : *layers) check_weight(layer + "'s weight", weight);
  }
  double style_sum = 0;
  for (const auto& style : styles) {
    check_weight("a style's weight", style.weight);
    style_sum += style.weight;
  }
  if (styles.empty() || !(style_sum > 0))
    throw std::invalid_argument("basic: needs a style with a positive weight");

  const auto any_weighs = [](const std::vector<LayerWeight>& layers) {
    return std::ranges::any_of(layers, [](const LayerWeight& l) { return l.weight > 0; });
  };
  if (!(options_.content_weight > 0 && any_weighs(options_.content_layers)) &&
      !(options_.style_weight > 0 && any_weighs(options_.style_layers)) && !(options_.tv_weight > 0)) {
    throw std::invalid_argument("basic: every weight is zero, so there is nothing to do");
  }

  const autograd::NoGradGuard no_grad;
  if (!options_.content_layers.empty()) {
    const auto maps = network_.features(autograd::Variable(content), names_of(options_.content_layers));
    for (const auto& [layer, weight] : options_.content_layers)
      content_targets_.push_back(maps.at(layer).value());
  }
  if (options_.style_layers.empty()) return;
  style_targets_.resize(options_.style_layers.size());
  for (const auto& style : styles) {
    const auto maps = network_.features(autograd::Variable(style.picture), names_of(options_.style_layers));
    for (size_t i = 0; i < style_targets_.size(); ++i) {
      const auto gram = style_gram(maps.at(options_.style_layers[i].layer), options_.style_normalisation);
      const Tensor share = ops::affine(gram.value(), style.weight / style_sum);
      style_targets_[i] = style_targets_[i].defined() ? ops::add(style_targets_[i], share) : share;
    }
  }
}

// The terms are one vector: the total, then the content's, the style's, and the total variation if it weighs.
LossTerms GatysObjective::split(const std::vector<double>& values) const {
  const auto style = values.begin() + 1 + static_cast<std::ptrdiff_t>(content_targets_.size()),
             tv = style + static_cast<std::ptrdiff_t>(style_targets_.size());
  return {.total = values[0],
          .content = std::accumulate(values.begin() + 1, style, 0.0),
          .style = std::accumulate(style, tv, 0.0),
          .tv = std::accumulate(tv, values.end(), 0.0)};
}

std::pair<autograd::Variable, Tensor> GatysObjective::operator()(const autograd::Variable& picture) const {
  const auto maps = network_.features(picture, layers_);
  autograd::Variable total;
  std::vector<Tensor> terms(1);
  for (size_t i = 0; i < content_targets_.size(); ++i) {
    const auto& [layer, weight] = options_.content_layers[i];
    terms.push_back(add_term(
        total, content_loss(maps.at(layer), content_targets_[i], options_.content_normalisation, size_),
        weight * options_.content_weight));
  }
  for (size_t i = 0; i < style_targets_.size(); ++i) {
    const auto& [layer, weight] = options_.style_layers[i];
    const auto gram = style_gram(maps.at(layer), options_.style_normalisation);
    terms.push_back(add_term(total, style_loss(gram, style_targets_[i], options_.style_normalisation, size_),
                             weight * options_.style_weight));
  }
  if (options_.tv_weight > 0) {
    terms.push_back(
        add_term(total, autograd::total_variation(picture, options_.tv_variant), options_.tv_weight));
  }
  terms[0] = total.value();
  return {total, ops::concat(terms, 0)};
}

}  // namespace nst
