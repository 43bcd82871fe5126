// nst train fast: a transform network of Johnson et al. 2016.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "nn/initialise.h"
#include "nn/known_networks.h"
#include "nn/layer_string.h"
#include "nn/transform_model.h"
#include "nn/vgg_weights.h"
#include "nst/training/fast_training.h"
#include "nst/weight_store.h"
#include "tools/commands.h"
#include "tools/option_checks.h"
#include "tools/option_names.h"
#include "tools/run_settings.h"
#include "tools/settings_json.h"
#include "tools/train_settings.h"

namespace nst::tools {
namespace {

constexpr const char* kExamples = R"(Examples:
  nst train fast --photos photos/ --style painting.jpg --out run/
  nst train fast --photos photos/ --style a.jpg --style b.jpg --network quick --crop 192 --out run/
  nst train fast --resume run/)";

constexpr const char* kMethod = "fast";
constexpr std::string_view kQuick = "quick", kPytorchExamples = "px";
constexpr int64_t kDefaultWidth = 32;

// Weights of the content and the style that suit a VGG: the features of one that wants 0..255 are about 58
// times as large as those of one that wants deviations, their squares 58^2 and their Grams' squares 58^4.
constexpr double kTorchvisionContent = 1e5, kTorchvisionStyle = 1e10;
constexpr double kCaffeContent = 30, kCaffeStyle = 900;

struct FastSettings {
  TrainSettings common;
  std::vector<std::string> styles, names;
  std::vector<double> style_weights;
  int64_t style_size = 256;
  bool random_style = false;
  std::string network{kQuick};
  int64_t width = 0;
  std::string init;
  std::string vgg = "vgg16";
  std::vector<std::string> content_layers{"relu2_2"};
  std::vector<std::string> style_layers{"relu1_2", "relu2_2", "relu3_3", "relu4_3"};
  double content_weight = 0, style_weight = 0, tv_weight = 0;  // 0: as the VGG wants it
  std::string content_normalisation{name_of(ContentNormalisation::mean)};
  std::string style_normalisation{name_of(StyleNormalisation::neural_style)};
};

template <class Settings, class F>
void for_each_field(Settings& s, F f) {
  f("styles", s.styles);
  f("names", s.names);
  f("style_weights", s.style_weights);
  f("style_size", s.style_size);
  f("random_style", s.random_style);
  f("network", s.network);
  f("width", s.width);
  f("init", s.init);
  f("vgg", s.vgg);
  f("content_layers", s.content_layers);
  f("style_layers", s.style_layers);
  f("content_weight", s.content_weight);
  f("style_weight", s.style_weight);
  f("tv_weight", s.tv_weight);
  f("content_normalisation", s.content_normalisation);
  f("style_normalisation", s.style_normalisation);
}

nlohmann::ordered_json to_json(const FastSettings& settings) {
  nlohmann::ordered_json json{{"method", kMethod}, {"common", to_json(settings.common)}};
  write_fields(json, [&](auto f) { for_each_field(settings, f); });
  return json;
}

FastSettings fast_settings_from_json(const TrainingCheckpoint& checkpoint) {
  FastSettings settings;
  read_checkpoint_settings(checkpoint, kMethod, [&](const nlohmann::json& json) {
    settings.common = train_settings_from_json(json.at("common"));
    read_fields(json, [&](auto f) { for_each_field(settings, f); });
  });
  return settings;
}

// What of a Gatys objective these settings say.
RunSettings objective_settings(const FastSettings& s, const nn::VggWeights& weights) {
  RunSettings basic;
  const bool deviations = weights.preprocessing.scale == 1;
  basic.weights = s.vgg;
  basic.content_layers = s.content_layers;
  basic.style_layers = s.style_layers;
  basic.content_weight =
      s.content_weight > 0 ? s.content_weight : (deviations ? kTorchvisionContent : kCaffeContent);
  basic.style_weight = s.style_weight > 0 ? s.style_weight : (deviations ? kTorchvisionStyle : kCaffeStyle);
  basic.tv_weight = s.tv_weight;
  basic.content_normalisation = s.content_normalisation;
  basic.style_normalisation = s.style_normalisation;
  return basic;
}

struct TrainFastCommand {
  CLI::App* app = nullptr;
  FastSettings settings;
  TrainRunOptions run_options;

  void check() const;
  nn::ImageNetworkConfig network_config() const;
  void first_weights(nn::ImageNetwork& network) const;
  void run();
};

void TrainFastCommand::check() const {
  check_needed(*app, settings.common, run_options, "--style", !settings.styles.empty());
  const auto fits = [&](size_t count, const char* option) {
    if (count != 0 && count != settings.styles.size()) {
      throw std::invalid_argument(
          fmt::format("train fast: {} of {} for {} styles", count, option, settings.styles.size()));
    }
  };
  fits(settings.names.size(), "--style-name");
  fits(settings.style_weights.size(), "--style-weights");
}

nn::ImageNetworkConfig TrainFastCommand::network_config() const {
  const int64_t width = settings.width > 0 ? settings.width : kDefaultWidth;
  nn::ImageNetworkConfig config;
  if (settings.network == kQuick) {
    config = nn::quick_transform(width);
  } else if (settings.network == kPytorchExamples) {
    config = nn::pytorch_examples_transform(width);
  } else {
    config.blocks = nn::parse_layers(settings.network);
    if (config.blocks.back().channels != 3)
      throw std::invalid_argument("--network: the last layer must have 3 channels");
  }
  config.styles = static_cast<int64_t>(settings.styles.size());
  return config;
}

void TrainFastCommand::first_weights(nn::ImageNetwork& network) const {
  if (settings.init.empty() || !run_options.resume.empty()) {
    nn::initialise(network, settings.common.seed);
    start_from_grey(network);
    return;
  }
  try {
    start_from(network, nn::read_transform(settings.init));
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(fmt::format("--init {}: {}", settings.init, error.what()));
  }
}

void TrainFastCommand::run() {
  const auto checkpoint = start_train_run(*app, run_options);
  if (checkpoint) go_on_with(*app, fast_settings_from_json(*checkpoint), settings);
  check();
  if (settings.names.empty()) {
    for (const auto& style : settings.styles)
      settings.names.push_back(std::filesystem::path(style).stem().string());
  }
  const Device device = choose_device(run_options.device);
  const auto files = find_photographs(settings.common);

  // First, as a mistake in it is soon found and the paintings' Gram matrices take their time.
  nn::ImageNetwork network(network_config(), DType::float32, device);
  first_weights(network);

  const nn::VggWeights weights = nn::read_vgg(nn::open_weights(find_weights(settings.vgg)));
  const RunSettings objective = objective_settings(settings, weights);
  const LossNetwork loss_network(vgg_config(objective, weights), weights.state, weights.preprocessing,
                                 DType::float32, device);
  std::vector<StylePicture> styles;
  for (size_t i = 0; i < settings.styles.size(); ++i) {
    styles.push_back({load_picture(settings.styles[i], settings.style_size).to(device),
                      settings.style_weights.empty() ? 1 : settings.style_weights[i]});
  }
  const PerceptualLoss loss(loss_network, styles, basic_options(objective, weights.depth).objective);
  PictureStream photographs(files, stream_options(settings.common, run_options));
  FastTraining training(
      network, loss, photographs,
      {.batch = settings.common.batch,
       .seed = settings.common.seed,
       .random_style = settings.random_style,
       .metadata = nn::transform_metadata({.config = network.config(), .styles = settings.names}),
       .samples = load_samples(settings.common, files)},
      device);
  Trainer trainer(training, trainer_options(settings.common));
  if (checkpoint) resume_from(*checkpoint, trainer);
  TrainingFolder folder(run_options.out);
  run_and_report(trainer, folder, photographs, settings.common, run_options, to_json(settings));
}

}  // namespace

void add_train_fast_command(CLI::App& train) {
  auto command = std::make_shared<TrainFastCommand>();
  FastSettings& s = command->settings;
  command->app =
      train.add_subcommand("fast", "A transform network (Johnson et al. 2016): one pass paints a picture");
  command->app->footer(kExamples);
  const auto in = [app = command->app](const char* group) {
    return [app, group](auto&&... args) { return app->add_option(args...)->group(group); };
  };
  const auto style = in("Styles"), network = in("Network"), loss = in("Loss");
  style("--style", s.styles, "A painting; repeat for several, which one network learns together");
  style("--style-name", s.names, "Names of the styles, in order")->default_str("the files'");
  style("--style-weights", s.style_weights, "Factors of --style-weight, one per style")
      ->delimiter(',')
      ->check(number_from(0));
  style("--style-size", s.style_size, "Longer side of the paintings; sets the size of the brush")
      ->capture_default_str()
      ->check(whole_number_in(16, 4096));
  command->app
      ->add_flag("--random-style", s.random_style, "Draw each batch's style; otherwise they take turns")
      ->group("Styles");
  network("--network", s.network,
          "quick, a small one for CPUs; px, pytorch/examples'; or layers: c9s1-16,d32,R32x3,U2,c9s1-3")
      ->capture_default_str();
  network("--width", s.width, "Channels of the first layer of quick and px")
      ->default_str("32")
      ->check(whole_number_in(1, 1024));
  network("--init", s.init, "A trained network of the same layers to begin with");
  loss("--vgg", s.vgg, "VGG weights: a name from `nst weights list`, or a file")->capture_default_str();
  loss("--content-layers", s.content_layers, "LAYER[:WEIGHT],...")->delimiter(',')->capture_default_str();
  loss("--style-layers", s.style_layers, "LAYER[:WEIGHT],...")->delimiter(',')->capture_default_str();
  loss("--content-weight", s.content_weight, "Weight of the content loss")
      ->default_str("1e5 for torchvision's VGG, 30 for others")
      ->check(positive_number());
  loss("--style-weight", s.style_weight, "Weight of the style loss")
      ->default_str("1e10 for torchvision's VGG, 900 for others")
      ->check(positive_number());
  loss("--tv-weight", s.tv_weight, "Weight of the total variation, which smooths")
      ->capture_default_str()
      ->check(number_from(0));
  loss("--content-normalisation,--content-normalization", s.content_normalisation,
       "Constants of the content loss")
      ->capture_default_str()
      ->check(one_of(content_normalisation_names()));
  loss("--style-normalisation,--style-normalization", s.style_normalisation, "Constants of the style loss")
      ->capture_default_str()
      ->check(one_of(style_normalisation_names()));
  add_train_options(*command->app, s.common, command->run_options);
  command->app->callback([command] { command->run(); });
}

}  // namespace nst::tools
