// nst train adain: a network that paints in any style, Huang & Belongie 2017.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>

#include "nn/initialise.h"
#include "nn/normalise_activations.h"
#include "nn/vgg_layers.h"
#include "nn/vgg_weights.h"
#include "nst/adain/weights.h"
#include "nst/training/adain_training.h"
#include "nst/weight_store.h"
#include "tensor/ops/elementwise.h"
#include "tools/commands.h"
#include "tools/option_checks.h"
#include "tools/settings_json.h"
#include "tools/train_settings.h"

namespace nst::tools {
namespace {

constexpr const char* kExamples = R"(Examples:
  nst train adain --photos photos/ --styles paintings/ --out run/
  nst train adain --photos photos/ --styles paintings/ --network compact24 --crop 128 --batch 4 --out run/
  nst train adain --resume run/)";

constexpr const char* kMethod = "adain";
constexpr int64_t kNormalisationPictures = 32;
constexpr size_t kSampleStyles = 4;

struct AdainSettings {
  TrainSettings common;
  std::string styles;
  std::vector<int64_t> style_resize;
  std::string network = "compact32", init, vgg = "vgg16";
  std::vector<std::string> layers = AdainObjectiveOptions{}.layers;
  std::string style_normalisation{name_of(StatisticsNormalisation::mean)};
  double content_weight = 1, style_weight = 10, identity_weight = 0, tv_weight = 0;
  bool unbiased = false;
  std::vector<std::string> sample_styles;
};

template <class Settings, class F>
void for_each_field(Settings& s, F f) {
  f("styles", s.styles);
  f("style_resize", s.style_resize);
  f("network", s.network);
  f("init", s.init);
  f("vgg", s.vgg);
  f("layers", s.layers);
  f("style_normalisation", s.style_normalisation);
  f("content_weight", s.content_weight);
  f("style_weight", s.style_weight);
  f("identity_weight", s.identity_weight);
  f("tv_weight", s.tv_weight);
  f("unbiased", s.unbiased);
  f("sample_styles", s.sample_styles);
}

nlohmann::ordered_json to_json(const AdainSettings& settings) {
  nlohmann::ordered_json json{{"method", kMethod}, {"common", to_json(settings.common)}};
  write_fields(json, [&](auto f) { for_each_field(settings, f); });
  return json;
}

AdainSettings adain_settings_from_json(const TrainingCheckpoint& checkpoint) {
  AdainSettings settings;
  read_checkpoint_settings(checkpoint, kMethod, [&](const nlohmann::json& json) {
    settings.common = train_settings_from_json(json.at("common"));
    read_fields(json, [&](auto f) { for_each_field(settings, f); });
  });
  return settings;
}

struct TrainAdainCommand {
  CLI::App* app = nullptr;
  AdainSettings settings;
  TrainRunOptions run_options;

  StreamOptions style_stream_options() const;
  // Reads the VGG's weights into an encoder of its kind, frozen, scaled to mean activations of 1.
  void load_vgg(nn::ImageNetwork& network, const nn::VggWeights& vgg,
                const std::vector<std::filesystem::path>& photographs, Device device) const;
  void run();
};

StreamOptions TrainAdainCommand::style_stream_options() const {
  TrainSettings of_styles = settings.common;
  of_styles.resize = settings.style_resize;
  StreamOptions options = stream_options(of_styles, run_options);
  ++options.seed;  // another order than the photographs'
  return options;
}

void TrainAdainCommand::load_vgg(nn::ImageNetwork& network, const nn::VggWeights& vgg,
                                 const std::vector<std::filesystem::path>& photographs, Device device) const {
  try {
    network.load_state_dict(adain_encoder_state(vgg), /*strict=*/false);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(fmt::format("--vgg {}: {}", settings.vgg, error.what()));
  }
  network.requires_grad(false);
  // The normalised VGG-19, told by its borders, is so already.
  if (vgg.reflect_padding) return;
  PictureStream stream(photographs, stream_options(settings.common, run_options));
  std::vector<Tensor> pictures;
  for (int64_t i = 0; i < kNormalisationPictures; ++i) {
    pictures.push_back(ops::affine(stream.crops(i, 1).to(device), 1.0 / 255));
  }
  nn::normalise_activations(network, pictures);
}

void TrainAdainCommand::run() {
  const auto checkpoint = start_train_run(*app, run_options);
  if (checkpoint) go_on_with(*app, adain_settings_from_json(*checkpoint), settings);
  check_needed(*app, settings.common, run_options, "--styles", !settings.styles.empty());
  const Device device = choose_device(run_options.device);
  const AdainArchitecture architecture = parse_adain_architecture(settings.network);
  const AdainParams params = settings.unbiased ? kNaotoAdain : kTorchAdain;
  const auto photographs = find_photographs(settings.common), paintings = find_pictures(settings.styles);
  spdlog::info("{} photographs, {} paintings", photographs.size(), paintings.size());

  const auto network = make_adain_network(architecture, params, device);
  nn::initialise(*network, settings.common.seed);
  const nn::VggWeights vgg = nn::read_vgg(nn::open_weights(find_weights(settings.vgg)));
  std::unique_ptr<nn::ImageNetwork> separate;
  if (architecture.vgg_depth == 0) {
    separate = std::make_unique<nn::ImageNetwork>(
        nn::adain_encoder(vgg.depth, nn::deepest_vgg_layer(vgg.depth, settings.layers)), DType::float32,
        device);
  }
  nn::ImageNetwork& loss_network = separate ? *separate : network->encoder();
  load_vgg(loss_network, vgg, photographs, device);
  if (!settings.init.empty() && !checkpoint) {
    network->load_state_dict(load_adain_network(nn::open_weights(settings.init))->state_dict());
  }

  AdainTrainingOptions options{
      .batch = settings.common.batch,
      .objective = {.layers = settings.layers,
                    .style_normalisation = parse_statistics_normalisation(settings.style_normalisation),
                    .content_weight = settings.content_weight,
                    .style_weight = settings.style_weight,
                    .identity_weight = settings.identity_weight,
                    .tv_weight = settings.tv_weight},
      .metadata = adain_metadata(architecture, params),
      .sample_photographs = load_samples(settings.common, photographs)};
  std::vector<std::string> sample_styles = settings.sample_styles;
  for (size_t i = 0; settings.sample_styles.empty() && i < std::min(kSampleStyles, paintings.size()); ++i) {
    sample_styles.push_back(paintings[i * paintings.size() / kSampleStyles].string());
  }
  for (const auto& path : sample_styles) {
    options.sample_styles.push_back(load_picture(path, settings.common.sample_size));
  }

  PictureStream content(photographs, stream_options(settings.common, run_options));
  PictureStream style(paintings, style_stream_options());
  AdainTraining training(*network, loss_network, content, style, options, device);
  Trainer trainer(training, trainer_options(settings.common));
  if (checkpoint) resume_from(*checkpoint, trainer);
  TrainingFolder folder(run_options.out);
  run_and_report(trainer, folder, content, settings.common, run_options, to_json(settings));
  if (const auto skipped = style.skipped(); !skipped.empty()) {
    spdlog::warn("{} of {} pictures could not be read and were skipped, for instance {}", skipped.size(),
                 style.files(), skipped.begin()->second);
  }
}

}  // namespace

void add_train_adain_command(CLI::App& train) {
  auto command = std::make_shared<TrainAdainCommand>();
  AdainSettings& s = command->settings;
  command->app =
      train.add_subcommand("adain", "A network for any style (Huang & Belongie 2017), in one pass");
  command->app->footer(kExamples);
  const auto in = [app = command->app](const char* group) {
    return [app, group](auto&&... args) { return app->add_option(args...)->group(group); };
  };
  const auto data = in("Data set"), network = in("Network"), loss = in("Loss"), output = in("Output");
  data("--styles", s.styles, "A folder of paintings, searched through to the bottom");
  data("--style-resize", s.style_resize, "As --resize, for the paintings")
      ->delimiter(',')
      ->expected(1, 2)
      ->default_str("as --crop")
      ->check(whole_number_in(16, 65536));
  network("--network", s.network,
          "compactN, trained whole, its first layer N channels wide; or the decoder of vgg16_relu4_1, "
          "vgg16_relu3_1, vgg19_relu4_1, vgg19_relu3_1, whose encoder is --vgg")
      ->capture_default_str();
  network("--init", s.init, "Start from this network's weights");
  command->app->add_flag("--unbiased", s.unbiased, "Variances over one pixel less, as naoto0804's")
      ->group("Network");
  loss("--vgg", s.vgg,
       "VGG weights: a name from `nst weights list`, or a file; scaled to mean activations of 1")
      ->capture_default_str();
  loss("--layers", s.layers, "Layers whose statistics are compared; the last is the content's")
      ->delimiter(',')
      ->capture_default_str();
  loss("--content-weight", s.content_weight, "Weight of the content loss")
      ->capture_default_str()
      ->check(number_from(0));
  loss("--style-weight", s.style_weight, "Weight of the style loss")
      ->capture_default_str()
      ->check(number_from(0));
  loss("--style-normalisation,--style-normalization", s.style_normalisation,
       "Statistics' squared differences, over channels; `sum` wants a --style-weight of about 0.01")
      ->capture_default_str()
      ->check(one_of(statistics_normalisation_names()));
  loss("--identity-weight", s.identity_weight,
       "Weight of the squared error of a photograph without any style; 50 is much")
      ->capture_default_str()
      ->check(number_from(0));
  loss("--tv-weight", s.tv_weight, "Weight of the total variation, which smooths")
      ->capture_default_str()
      ->check(number_from(0));
  output("--sample-style", s.sample_styles, "A painting for the samples; repeat for several")
      ->default_str("four of the data set");
  add_train_options(*command->app, s.common, command->run_options);
  command->app->callback([command] { command->run(); });
}

}  // namespace nst::tools
