#include "tools/basic_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "tools/option_checks.h"
#include "tools/option_names.h"

namespace nst::tools {
namespace {

// Calls f(name, field) for every field: the one list behind both directions of JSON.
template <class Settings, class F>
void for_each_field(Settings& s, F f) {
  f("content", s.content);
  f("out", s.out);
  f("styles", s.styles);
  f("style_blend", s.style_blend);
  f("weights", s.weights);
  f("size", s.size);
  f("style_size", s.style_size);
  f("content_layers", s.content_layers);
  f("style_layers", s.style_layers);
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
  f("preserve_color", s.preserve_color);
  f("save_every", s.save_every);
}

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

}  // namespace

void add_basic_options(CLI::App& command, BasicSettings& s) {
  const auto pictures = [&](auto&&... args) { return command.add_option(args...)->group("Pictures"); };
  const auto loss = [&](auto&&... args) { return command.add_option(args...)->group("Loss"); };
  const auto optimisation = [&](auto&&... args) {
    return command.add_option(args...)->group("Optimisation");
  };
  const CLI::Validator pixels = number_in(kSmallestSize, kLargestSize);

  pictures("--content", s.content, "The photograph to repaint");
  pictures("--style", s.styles, "The picture whose style to use; repeat for several");
  pictures("--style-blend", s.style_blend, "Weights of several styles, e.g. 3,7")
      ->delimiter(',')
      ->check(number_from(0));
  pictures("--out", s.out, "Where to write the result, .png or .jpg");
  pictures("--size", s.size, "Longer side of the result in pixels")->capture_default_str()->check(pixels);
  pictures("--style-size", s.style_size, "Longer side of the style pictures; sets the size of the brush")
      ->check(pixels)
      ->default_str("as --size");
  command
      .add_flag("--preserve-color,--preserve-colour", s.preserve_color,
                "Keep the photograph's colours: only its luminance is repainted")
      ->group("Pictures");

  loss("--weights", s.weights, "VGG weights: a name from `nst weights list`, or a file")
      ->capture_default_str();
  loss("--content-layers", s.content_layers, "LAYER[:WEIGHT],...")->delimiter(',')->capture_default_str();
  loss("--style-layers", s.style_layers, "LAYER[:WEIGHT],...")->delimiter(',')->capture_default_str();
  loss("--content-weight", s.content_weight, "Weight of the content loss")
      ->capture_default_str()
      ->check(number_from(0));
  loss("--style-weight", s.style_weight, "Weight of the style loss")
      ->capture_default_str()
      ->check(number_from(0));
  loss("--tv-weight", s.tv_weight, "Weight of the total variation, which smooths; 1e-3 is gentle")
      ->capture_default_str()
      ->check(number_from(0));
  loss("--tv", s.tv, "Formula of the total variation")
      ->capture_default_str()
      ->check(one_of(ops::tv_variant_names()));
  loss("--style-normalisation,--style-normalization", s.style_normalisation, "Constants of the style loss")
      ->capture_default_str()
      ->check(one_of(style_normalisation_names()));
  loss("--content-normalisation,--content-normalization", s.content_normalisation,
       "Constants of the content loss")
      ->capture_default_str()
      ->check(one_of(content_normalisation_names()));
  loss("--pooling", s.pooling, "How VGG shrinks its maps; average gives smoother gradients")
      ->capture_default_str()
      ->check(one_of(kPoolingNames));
  loss("--first-padding", s.first_padding, "Border of the first convolution")
      ->default_str("as the weights want it")
      ->check(one_of(kPaddingNames));

  optimisation("--init", s.init, "Start from")->capture_default_str()->check(one_of(init_names()));
  optimisation("--init-image", s.init_image,
               "Start from this picture, for instance a result at a lower --size; implies --init image");
  optimisation("--init-noise", s.init_noise, "Share of noise mixed into the start")
      ->capture_default_str()
      ->check(number_in(0, 1));
  optimisation("--seed", s.seed, "Seed of the noise")
      ->capture_default_str()
      ->check(whole_number_in(0, UINT64_MAX));
  optimisation("--optimiser,--optimizer", s.optimiser, "L-BFGS is better, Adam needs less memory")
      ->capture_default_str()
      ->check(one_of(optimiser_names()));
  optimisation("--line-search", s.line_search, "L-BFGS's")
      ->capture_default_str()
      ->check(one_of(kLineSearchNames));
  optimisation("--learning-rate", s.learning_rate, "Step size")
      ->default_str("1 for lbfgs, 10 for adam")
      ->check(positive_number());
  optimisation("--lbfgs-history", s.lbfgs_history,
               "Steps that L-BFGS remembers; each costs two pictures of memory")
      ->capture_default_str()
      ->check(whole_number_in(1));
  optimisation("--iterations", s.iterations, "How many steps to take")
      ->capture_default_str()
      ->check(whole_number_in(1));
  optimisation("--min-improvement", s.min_improvement,
               "Stop when the loss fell by less than this many percent in 10 steps")
      ->capture_default_str()
      ->check(number_from(0));
  command.add_option("--save-every", s.save_every, "Write the picture and a checkpoint every N steps")
      ->capture_default_str()
      ->check(whole_number_in(0))
      ->group("Run");
}

nlohmann::ordered_json to_json(const BasicSettings& settings) {
  nlohmann::ordered_json json;
  for_each_field(settings, [&](const char* name, const auto& field) { json[name] = field; });
  return json;
}

BasicSettings basic_settings_from_json(const nlohmann::json& json) {
  BasicSettings settings;
  for_each_field(settings, [&](const char* name, auto& field) {
    try {
      json.at(name).get_to(field);
    } catch (const nlohmann::json::exception&) {
      throw std::invalid_argument(fmt::format("checkpoint: its setting '{}' is missing or damaged", name));
    }
  });
  return settings;
}

BasicOptions basic_options(const BasicSettings& s) {
  BasicOptions options;
  options.objective = {.content_layers = parse_layers(s.content_layers),
                       .style_layers = parse_layers(s.style_layers),
                       .content_weight = s.content_weight,
                       .style_weight = s.style_weight,
                       .tv_weight = s.tv_weight,
                       .content_normalisation = parse_content_normalisation(s.content_normalisation),
                       .style_normalisation = parse_style_normalisation(s.style_normalisation),
                       .tv_variant = ops::parse_tv_variant(s.tv)};
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
  return options;
}

nn::VggConfig vgg_config(const BasicSettings& s, const nn::VggWeights& weights) {
  const std::string deepest = nn::deepest_vgg_layer(weights.depth, needed_layers(basic_options(s).objective));
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
