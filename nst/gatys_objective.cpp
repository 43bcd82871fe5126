#include "nst/gatys_objective.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "autograd/engine.h"
#include "autograd/ops/elementwise.h"
#include "autograd/ops/mask.h"
#include "autograd/ops/slice.h"
#include "autograd/ops/squared_error.h"
#include "autograd/ops/total_variation.h"
#include "nst/masks.h"
#include "nst/picture_tiles.h"
#include "nst/sliced_wasserstein.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/slice.h"

namespace nst {
namespace {

using autograd::Variable;

void check_mask(std::string_view what, const Tensor& mask, PictureSize size) {
  if (!mask.defined()) return;
  check_shape("basic", what, mask, {size.height, size.width});
}

PictureSize size_of(const Tensor& picture) { return {picture.size(1), picture.size(2)}; }

std::vector<std::string> names_of(const std::vector<LayerWeight>& layers) {
  std::vector<std::string> names;
  for (const auto& [layer, weight] : layers) names.push_back(layer);
  return names;
}

// Of each guide, undefined where it is.
std::vector<Tensor> squares(const std::vector<Tensor>& guides) {
  std::vector<Tensor> result;
  for (const Tensor& guide : guides) result.push_back(guide.defined() ? ops::mul(guide, guide) : Tensor());
  return result;
}

// Adds weight * loss to a sum that may be undefined, and returns the term.
Tensor add_term(Variable& sum, const Variable& loss, double weight) {
  const Variable term = autograd::scale(loss, weight);
  sum = sum.defined() ? autograd::add(sum, term) : term;
  return term.value();
}

}  // namespace

std::vector<std::string> needed_layers(const GatysOptions& options) {
  std::vector<std::string> layers = names_of(options.content_layers);
  std::ranges::copy(layers_of(options.style_layers), std::back_inserter(layers));
  std::ranges::sort(layers);
  layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
  return layers;
}

GatysObjective::GatysObjective(const LossNetwork& network, const Tensor& content,
                               const std::vector<StylePicture>& styles, GatysOptions options)
    : network_(network),
      options_(std::move(options)),
      style_layers_(layers_of(options_.style_layers)),
      layers_(needed_layers(options_)) {
  check_rank("basic", "the content picture", content, 4);
  size_ = size_of(content);
  check_gatys_options(options_, styles, content.device());
  check_mask("the content's mask", options_.content_region, size_);

  const autograd::NoGradGuard no_grad;
  if (!options_.content_layers.empty()) read_content(content);
  if (options_.style_layers.empty()) return;
  directions_.resize(options_.style_layers.size());  // undefined: the axes
  if (options_.style_loss == StyleLoss::sliced_wasserstein) {
    for (size_t t = 0; t < directions_.size(); ++t) {
      const auto& layer = options_.style_layers[t].layer;
      directions_[t] = random_directions(nn::vgg_layer_shape(network_.config().depth, layer).channels,
                                         content.dtype(), content.device());
    }
  }
  const double weight_sum = std::transform_reduce(styles.begin(), styles.end(), 0.0, std::plus<>(),
                                                  [](const StylePicture& s) { return s.weight; });
  for (const auto& style : styles) {
    if (style.weight > 0) add_style(style, weight_sum);
  }
  for (Region& region : regions_) {
    if (sorts(options_.style_loss)) region.weights = squares(region.guides);
    const bool shared = options_.style_blend == StyleBlend::targets && !region.guides.front().defined();
    for (Tensor& target : region.targets) {
      if (shared && region.weight != 1) target = ops::affine(target, 1 / region.weight);  // a mean
      if (options_.style_loss == StyleLoss::wasserstein) region.moments.emplace_back(target);
    }
  }
}

bool GatysObjective::is_tiled(PictureSize picture) const {
  return options_.tile > 0 && (picture.height > options_.tile || picture.width > options_.tile);
}

StatisticParams GatysObjective::statistic_params() const {
  return {.normalisation = options_.style_normalisation,
          .shift = options_.activation_shift,
          .guiding = options_.guiding,
          .moments = options_.style_loss == StyleLoss::wasserstein,
          .depth = network_.config().depth,
          .ceil_mode = network_.config().ceil_mode};
}

std::vector<Tensor> GatysObjective::guides_for(const Tensor& mask, PictureSize picture) const {
  std::vector<Tensor> guides(options_.style_layers.size());
  if (!mask.defined()) return guides;
  for (size_t t = 0; t < guides.size(); ++t) {
    const auto& layer = summed_layer(network_.config().depth, options_.style_layers[t]);
    const PictureSize size = map_size(network_.config(), layer, picture);
    guides[t] = options_.guiding == Guiding::guided ? guide_of(mask, size) : binary_mask_of(mask, size);
  }
  return guides;
}

Variable GatysObjective::term_statistic(const nn::FeatureMaps& maps, size_t t, const Tensor& guide,
                                        PictureSize picture, const Tile* tile) const {
  const StyleTerm& term = options_.style_layers[t];
  const auto& layer = summed_layer(network_.config().depth, term);
  StatisticPart part{.whole = map_size(network_.config(), layer, picture), .guide = guide};
  if (tile) {
    part.core = core_in_crop(network_.config(), layer, *tile, picture);
    if (guide.defined())
      part.guide = read_window(guide, core_in_map(network_.config(), layer, *tile, picture));
  }
  return style_statistic(maps, term, statistic_params(), part);
}

std::vector<LayerReader> GatysObjective::content_readers(const NumberedReader& read) const {
  std::vector<LayerReader> readers;
  for (size_t i = 0; i < options_.content_layers.size(); ++i) {
    readers.push_back({{options_.content_layers[i].layer}, [=](const auto& maps) { read(i, maps); }});
  }
  return readers;
}

std::vector<LayerReader> GatysObjective::term_readers(const NumberedReader& read) const {
  std::vector<LayerReader> readers;
  for (size_t t = 0; t < options_.style_layers.size(); ++t) {
    readers.push_back({layers_of(options_.style_layers[t]), [=](const auto& maps) { read(t, maps); }});
  }
  return readers;
}

std::vector<Tensor> GatysObjective::read_distributions(const Tensor& picture,
                                                       const std::vector<Tensor>& weights) const {
  std::vector<Tensor> quantiles(weights.size());
  network_.read(Variable(picture), term_readers([&](size_t t, const nn::FeatureMaps& maps) {
                  // As many as the content has pixels there, so that styles of any sizes have a mean.
                  const auto& layer = options_.style_layers[t].layer;
                  const PictureSize size = map_size(network_.config(), layer, size_);
                  quantiles[t] = sliced_quantiles(maps.at(layer).value(), directions_[t], weights[t],
                                                  size.height * size.width);
                }));
  return quantiles;
}

std::vector<Tensor> GatysObjective::read_statistics(const Tensor& picture,
                                                    const std::vector<Tensor>& guides) const {
  if (sorts(options_.style_loss)) return read_distributions(picture, squares(guides));
  const PictureSize size = size_of(picture);
  std::vector<Tensor> sums(guides.size());
  const auto add = [&](const Tensor& crop, const Tile* tile) {
    network_.read(Variable(crop), term_readers([&](size_t t, const nn::FeatureMaps& maps) {
                    const Tensor part = term_statistic(maps, t, guides[t], size, tile).value();
                    sums[t] = sums[t].defined() ? ops::add(sums[t], part) : part;
                  }));
  };
  if (!is_tiled(size)) {
    add(picture, nullptr);
    return sums;
  }
  const TileReach reach = tile_reach(network_.config().depth, style_layers_, options_.style_layers);
  for (const Tile& tile : picture_tiles(size, options_.tile, reach)) {
    add(read_window(picture, tile.crop), &tile);
  }
  return sums;
}

void GatysObjective::add_style(const StylePicture& style, double weight_sum) {
  check_mask("a style's region", style.region, size_);
  check_mask("a style picture's mask", style.source, size_of(style.picture));
  const auto targets = read_statistics(style.picture, guides_for(style.source, size_of(style.picture)));
  if (style.region.defined() || options_.style_blend == StyleBlend::losses) {
    const double weight =
        options_.style_blend == StyleBlend::losses ? style.weight : style.weight / weight_sum;
    regions_.push_back({weight, guides_for(style.region, size_), targets});
    return;
  }
  // Everywhere: of all such styles one, and the first to be found.
  auto shared = std::ranges::find_if(regions_, [](const Region& r) { return !r.guides.front().defined(); });
  if (shared == regions_.end()) {
    regions_.push_back({0, guides_for({}, size_), std::vector<Tensor>(targets.size())});
    shared = std::prev(regions_.end());
  }
  const double share = style.weight / weight_sum;
  shared->weight += share;
  for (size_t t = 0; t < targets.size(); ++t) {
    const Tensor part = ops::affine(targets[t], share);
    Tensor& sum = shared->targets[t];
    sum = sum.defined() ? ops::add(sum, part) : part;
  }
}

void GatysObjective::read_content(const Tensor& content) {
  const auto names = names_of(options_.content_layers);
  for (const auto& name : names) {
    const PictureSize map = map_size(network_.config(), name, size_);
    content_guides_.push_back(options_.content_region.defined() ? shrunk_mask(options_.content_region, map)
                                                                : Tensor());
  }
  if (!is_tiled(size_)) {
    const auto maps = network_.features(Variable(content), names);  // all of them are kept
    for (const auto& name : names) content_targets_.push_back(maps.at(name).value());
    return;
  }
  for (const auto& name : names) {
    const PictureSize map = map_size(network_.config(), name, size_);
    const int64_t channels = nn::vgg_layer_shape(network_.config().depth, name).channels;
    content_targets_.push_back(
        Tensor::zeros({1, map.height, map.width, channels}, content.dtype(), content.device()));
  }
  for (const Tile& tile :
       picture_tiles(size_, options_.tile, tile_reach(network_.config().depth, names, {}))) {
    network_.read(Variable(read_window(content, tile.crop)),
                  content_readers([&](size_t i, const nn::FeatureMaps& maps) {
                    add_to_window(content_targets_[i], core_in_map(network_.config(), names[i], tile, size_),
                                  read_window(maps.at(names[i]).value(),
                                              core_in_crop(network_.config(), names[i], tile, size_)));
                  }));
  }
}

Variable GatysObjective::content_term(const nn::FeatureMaps& maps, size_t i, const Tile* tile) const {
  const auto& name = options_.content_layers[i].layer;
  Variable features = maps.at(name);
  Tensor target = content_targets_[i], guide = content_guides_[i];
  const double scale = content_scale(options_.content_normalisation, target.size(3), target.numel(), size_);
  if (tile) {
    const Window core = core_in_crop(network_.config(), name, *tile, size_),
                 place = core_in_map(network_.config(), name, *tile, size_);
    features =
        autograd::slice(autograd::slice(features, {1, core.top, core.height}), {2, core.left, core.width});
    target = read_window(target, place);
    if (guide.defined()) guide = read_window(guide, place);
  }
  if (guide.defined()) {
    features = autograd::mask(features, guide);
    target = ops::mask_forward(target, guide);
  }
  return autograd::sum_of_squares(features, Variable(target), scale);
}

GatysObjective::Reading GatysObjective::read_picture(const Variable& crop, const Tile* tile) const {
  const size_t terms = options_.style_layers.size();
  std::vector<LayerFunction> functions;
  for (size_t i = 0; i < options_.content_layers.size(); ++i) {
    functions.push_back({{options_.content_layers[i].layer},
                         [=, this](const nn::FeatureMaps& maps) { return content_term(maps, i, tile); }});
  }
  for (size_t r = 0; r < regions_.size(); ++r) {
    for (size_t t = 0; t < terms; ++t) {
      functions.push_back({layers_of(options_.style_layers[t]), [=, this](const nn::FeatureMaps& maps) {
                             const Region& region = regions_[r];
                             if (!sorts(options_.style_loss))
                               return term_statistic(maps, t, region.guides[t], size_, tile);
                             return sliced_wasserstein(maps.at(options_.style_layers[t].layer),
                                                       directions_[t], region.weights[t], region.targets[t]);
                           }});
    }
  }
  auto values = network_.read(crop, functions, options_.checkpointed_blocks);
  auto value = values.begin();
  const auto take = [&](size_t count) {
    std::vector<Variable> taken(value, value + static_cast<std::ptrdiff_t>(count));
    value += static_cast<std::ptrdiff_t>(count);
    return taken;
  };
  Reading reading{take(content_targets_.size()), {}};
  for (size_t r = 0; r < regions_.size(); ++r) reading.statistics.push_back(take(terms));
  return reading;
}

Variable GatysObjective::style_term_loss(const Variable& statistic, size_t r, size_t t) const {
  switch (options_.style_loss) {
    case StyleLoss::gram:
      return style_loss(statistic, regions_[r].targets[t], options_.style_normalisation, size_);
    case StyleLoss::wasserstein:
      return regions_[r].moments[t].loss(statistic);
    case StyleLoss::sliced_wasserstein:
    case StyleLoss::histogram:
      break;
  }
  return statistic;
}

void GatysObjective::add_style_losses(const std::vector<std::vector<Variable>>& statistics, Variable& total,
                                      std::vector<Tensor>& terms) const {
  for (size_t r = 0; r < regions_.size(); ++r) {
    for (size_t t = 0; t < statistics[r].size(); ++t) {
      terms.push_back(add_term(total, style_term_loss(statistics[r][t], r, t),
                               regions_[r].weight * options_.style_layers[t].weight * options_.style_weight));
    }
  }
}

// The terms are one vector: the total, then the content's, the style's, and the total variation if it weighs.
LossTerms GatysObjective::split(const std::vector<double>& values) const {
  const auto style = values.begin() + 1 + static_cast<std::ptrdiff_t>(content_targets_.size()),
             tv = style + static_cast<std::ptrdiff_t>(regions_.size() * options_.style_layers.size());
  return {.total = values[0],
          .content = std::accumulate(values.begin() + 1, style, 0.0),
          .style = std::accumulate(style, tv, 0.0),
          .tv = std::accumulate(tv, values.end(), 0.0)};
}

std::pair<Variable, Tensor> GatysObjective::operator()(const Variable& picture) const {
  const auto [content, statistics] = read_picture(picture, nullptr);
  Variable total;
  std::vector<Tensor> terms(1);
  for (size_t i = 0; i < content.size(); ++i) {
    terms.push_back(add_term(total, content[i], options_.content_layers[i].weight * options_.content_weight));
  }
  add_style_losses(statistics, total, terms);
  if (options_.tv_weight > 0) {
    terms.push_back(
        add_term(total, autograd::total_variation(picture, options_.tv_variant), options_.tv_weight));
  }
  terms[0] = total.value();
  return {total, ops::concat(terms, 0)};
}

GatysObjective::Evaluation GatysObjective::evaluate(const Tensor& x) const {
  if (is_tiled(size_)) return evaluate_tiled(x);
  const Variable picture(x, true);
  const auto [loss, terms] = (*this)(picture);
  autograd::backward(loss);
  return {terms, picture.grad()};
}

}  // namespace nst
