#include "tools/run_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "nst/improved.h"
#include "tools/option_names.h"
#include "tools/settings_json.h"

namespace nst::tools {
namespace {

// Calls f(name, field) for every field: the one list behind both directions of JSON.
template <class Settings, class F>
void for_each_field(Settings& s, F f) {
  f("method", s.method);
  f("content", s.content);
  f("out", s.out);
  f("styles", s.styles);
  f("style_blend", s.style_blend);
  f("weights", s.weights);
  f("size", s.size);
  f("style_size", s.style_size);
  f("content_layers", s.content_layers);
  f("style_layers", s.style_layers);
  f("layer_weights", s.layer_weights);
  f("content_layer_weights", s.content_layer_weights);
  f("chain", s.chain);
  f("blur", s.blur);
  f("activation_shift", s.activation_shift);
  f("compat", s.compat);
  f("square", s.square);
  f("style_masks", s.style_masks);
  f("style_guides", s.style_guides);
  f("content_mask", s.content_mask);
  f("color_mask", s.color_mask);
  f("feather", s.feather);
  f("style_scale", s.style_scale);
  f("scales", s.scales);
  f("scale_iterations", s.scale_iterations);
  f("average", s.average);
  f("style_loss", s.style_loss);
  f("tile", s.tile);
  f("gradient_checkpointing", s.gradient_checkpointing);
  f("original_size", s.original_size);
  f("content_weight", s.content_weight);
  f("style_weight", s.style_weight);
  f("tv_weight", s.tv_weight);
  f("content_normalisation", s.content_normalisation);
  f("style_normalisation", s.style_normalisation);
  f("tv", s.tv);
  f("pooling", s.pooling);
  f("first_padding", s.first_padding);
  f("init", s.init);
  f("init_image", s.init_image);
  f("init_noise", s.init_noise);
  f("seed", s.seed);
  f("optimiser", s.optimiser);
  f("line_search", s.line_search);
  f("learning_rate", s.learning_rate);
  f("lbfgs_history", s.lbfgs_history);
  f("iterations", s.iterations);
  f("min_improvement", s.min_improvement);
  f("preserve_color", s.colour.preserve);
  f("recolor_style", s.colour.recolour_style);
  f("color_space", s.colour.space);
  f("activations", s.activations);
  f("save_every", s.save_every);
}

constexpr std::string_view kAllLayers = "all";
constexpr int kMostBlurs = 64;

// "relu4_2" or "relu4_2:0.5"
LayerWeight parse_layer(const std::string& text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return {text, 1};
  LayerWeight layer{text.substr(0, colon), 0};
  const char* begin = text.data() + colon + 1;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(begin, end, layer.weight);
  if (error != std::errc() || stop != end || !std::isfinite(layer.weight) || layer.weight < 0) {
    throw std::invalid_argument(
        fmt::format("layer '{}': expected LAYER or LAYER:WEIGHT, the weight a number of at least 0", text));
  }
  return layer;
}

std::vector<LayerWeight> parse_layers(const std::vector<std::string>& texts) {
  std::vector<LayerWeight> layers;
  for (const auto& text : texts) layers.push_back(parse_layer(text));
  return layers;
}

// "relu2_1", "relu2_1+relu1_2" or "relu2_1+relu1_2~3", and a weight as parse_layer has it
StyleTerm parse_term(const std::string& text) {
  const auto [pair, weight] = parse_layer(text);
  StyleTerm term{pair, weight};
  const size_t plus = pair.find('+');
  if (plus == std::string::npos) return term;
  term.layer = pair.substr(0, plus);
  term.with = pair.substr(plus + 1);
  const size_t tilde = term.with.find('~');
  if (tilde == std::string::npos) return term;
  const char* end = term.with.data() + term.with.size();
  const auto [stop, error] = std::from_chars(term.with.data() + tilde + 1, end, term.blurs);
  if (error != std::errc() || stop != end || term.blurs < 0 || term.blurs > kMostBlurs) {
    throw std::invalid_argument(fmt::format(
        "layer '{}': expected LAYER+LAYER~BLURS, the last a number from 0 to {}", text, kMostBlurs));
  }
  term.with.resize(tilde);
  return term;
}

std::vector<LayerWeight> content_layers(const RunSettings& s, int depth) {
  auto layers = parse_layers(s.content_layers);
  const auto weighting = parse_layer_weighting(s.content_layer_weights);
  if (weighting != LayerWeighting::equal) layers = by_depth(depth, std::move(layers));
  weigh(layers, weighting);
  return layers;
}

std::vector<StyleTerm> style_terms(const RunSettings& s, int depth) {
  if (s.compat == kTitu1994) return titu1994_terms(depth);
  std::vector<StyleTerm> terms;
  for (const auto& text : s.style_layers) {
    const StyleTerm term = parse_term(text);
    if (term.layer != kAllLayers) {
      terms.push_back(term);
      continue;
    }
    for (const auto& layer : every_conv_layer(depth)) terms.push_back({layer, term.weight});
  }
  const auto weighting = parse_layer_weighting(s.layer_weights);
  if (s.chain || weighting != LayerWeighting::equal) terms = by_depth(depth, std::move(terms));
  if (s.chain) terms = correlation_chain(terms, s.blur);
  weigh(terms, weighting);
  return terms;
}

}  // namespace

nlohmann::ordered_json to_json(const RunSettings& settings) {
  nlohmann::ordered_json json;
  write_fields(json, [&](auto f) { for_each_field(settings, f); });
  return json;
}

RunSettings run_settings_from_json(const nlohmann::json& json) {
  RunSettings settings;
  read_fields(json, [&](auto f) { for_each_field(settings, f); });
  return settings;
}

double usual_style_weight(const std::string& style_loss) {
  switch (parse_style_loss(style_loss)) {
    case StyleLoss::gram:
      return 1;
    case StyleLoss::wasserstein:
      return 30;
    case StyleLoss::sliced_wasserstein:
    case StyleLoss::histogram:
      break;
  }
  return 200;
}

BasicOptions basic_options(const RunSettings& s, int depth) {
  BasicOptions options;
  options.objective = {.content_layers = content_layers(s, depth),
                       .style_layers = style_terms(s, depth),
                       .content_weight = s.content_weight,
                       .style_weight = s.style_weight,
                       .tv_weight = s.tv_weight,
                       .content_normalisation = parse_content_normalisation(s.content_normalisation),
                       .style_loss = parse_style_loss(s.style_loss),
                       .style_normalisation = parse_style_normalisation(s.style_normalisation),
                       .tv_variant = ops::parse_tv_variant(s.tv),
                       .activation_shift = s.activation_shift,
                       .tile = s.tile,
                       .checkpointed_blocks = s.gradient_checkpointing};
  if (s.compat == kTitu1994) {
    options.objective.style_blend = StyleBlend::losses;
    options.objective.guiding = Guiding::titu1994;
  }
  options.init = parse_init(s.init);
  options.init_noise = s.init_noise;
  options.seed = s.seed;
  options.optimiser = parse_optimiser(s.optimiser);
  if (s.learning_rate < 0) throw std::invalid_argument("--learning-rate must be positive");
  if (s.learning_rate > 0) options.lbfgs.learning_rate = options.adam.learning_rate = s.learning_rate;
  options.lbfgs.history = s.lbfgs_history;
  options.lbfgs.line_search = parse_line_search(s.line_search);
  options.iterations = s.iterations;
  options.min_improvement = s.min_improvement;
  options.activation_storage = parse_activations(s.activations);
  options.average = s.average;
  return options;
}

nn::VggConfig vgg_config(const RunSettings& s, const nn::VggWeights& weights) {
  const std::string deepest =
      nn::deepest_vgg_layer(weights.depth, needed_layers(basic_options(s, weights.depth).objective));
  const auto names = nn::vgg_layer_names(weights.depth);
  const auto needed_end = std::ranges::find(names, deepest) + 1;
  const auto missing = std::find_if(std::ranges::find(names, weights.deepest) + 1, names.end(),
                                    [](const std::string& name) { return name.starts_with("conv"); });
  if (missing < needed_end) {
    throw std::invalid_argument(fmt::format("{}: these weights end at {}, but layer {} is asked for",
                                            s.weights, weights.deepest, deepest));
  }
  const auto border = weights.reflect_padding ? ops::PaddingMode::reflect : ops::PaddingMode::zero;
  return {.depth = weights.depth,
          .deepest = deepest,
          .pooling = parse_pooling(s.pooling),
          .ceil_mode = weights.ceil_pooling,
          .padding = border,
          .first_padding = s.first_padding.empty() ? border : parse_padding(s.first_padding)};
}

}  // namespace nst::tools
