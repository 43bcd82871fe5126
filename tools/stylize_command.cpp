// nst stylize: two pictures in, one out; everything else has a default.
#include <fmt/format.h>
#include <omp.h>
#include <spdlog/spdlog.h>

#include <array>
#include <filesystem>
#include <memory>

#include "nn/vgg_weights.h"
#include "nst/basic.h"
#include "nst/film_file.h"
#include "nst/image.h"
#include "nst/weight_store.h"
#include "tensor/ops/elementwise.h"
#include "tools/adain_network_option.h"
#include "tools/commands.h"
#include "tools/device_option.h"
#include "tools/film_command.h"
#include "tools/interrupt.h"
#include "tools/log.h"
#include "tools/option_checks.h"
#include "tools/progress.h"

namespace nst::tools {
namespace {

constexpr const char* kExamples = R"(Examples:
  nst stylize photo.jpg painting.jpg -o result.png
  nst stylize photo.jpg painting.jpg -o result.png --quality best
  nst stylize film.mp4 painting.jpg -o result.mp4)";

constexpr std::array<std::string_view, 2> kQualityNames{"fast", "best"};
constexpr int kIterations = 200;      // of `best`: it begins where others arrive after some hundred
constexpr double kContentWeight = 5;  // with 1 brush strokes take a face apart
constexpr double kTotalVariation = 1e-3;

struct StylizeCommand {
  std::string content, style, out, quality = "fast";
  int64_t size = 512;
  DeviceOptions device_options;
  FilmOptions film;
  int threads = 0;
  bool quiet = false;

  void run();
  void check() const;
  Tensor optimised(const Tensor& content_picture, const Tensor& style_picture, const Tensor& start,
                   Device device) const;
};

// Pictures in 0..255; the result is clamped.
Tensor StylizeCommand::optimised(const Tensor& content_picture, const Tensor& style_picture,
                                 const Tensor& start, Device device) const {
  const nn::VggWeights weights = nn::read_vgg(nn::open_weights(find_weights("vgg16")));
  BasicOptions options{.init = Init::image, .init_image = start, .iterations = kIterations};
  options.objective.content_weight = kContentWeight;
  options.objective.tv_weight = kTotalVariation;
  const nn::VggConfig vgg{.depth = weights.depth,
                          .deepest = nn::deepest_vgg_layer(weights.depth, needed_layers(options.objective))};
  const LossNetwork network(vgg, weights.state, weights.preprocessing, DType::float32, device);
  Basic basic(network, content_picture, {{style_picture, 1}}, options);
  Progress progress(quiet ? ProgressStyle::quiet : ProgressStyle::automatic, options.iterations);
  catch_interrupts();
  while (!basic.finished() && !interrupted()) {
    const auto step = basic.step();
    progress.update(step.iteration, {{"loss", step.loss.total}});
  }
  return basic.picture();
}

void StylizeCommand::check() const {
  check_film_options(film, is_film(content));
  if (is_film(content)) {
    if (quality == "best") throw std::invalid_argument("--quality best: is for photographs");
    return check_film_output(out, {content, style});
  }
  check_can_save_image(out);
  for (const auto& input : {content, style}) {
    std::error_code missing;
    if (std::filesystem::equivalent(out, input, missing)) {
      throw std::invalid_argument(fmt::format("-o {}: would overwrite {}", out, input));
    }
  }
  if (quality == "best") find_weights("vgg16");
}

void StylizeCommand::run() {
  set_verbosity(verbosity_of(quiet, film.json));
  if (threads > 0) omp_set_num_threads(threads);
  check();
  const Device device = choose_device(device_options);
  const auto load = [&](const std::string& path) {
    return resize_image(load_image(path), size, Side::longest).to(device);
  };
  const auto network = load_adain_network({}, device);
  const Tensor style_picture = load(style);
  const std::vector styles{network->encode_style(style_picture)};
  if (is_film(content)) {
    catch_interrupts();
    return paint_film(content, out, size, quiet, film, [&](const Tensor& picture) {
      return network->stylise(picture.to(device), styles).to(kCpu);
    });
  }
  const Tensor content_picture = load(content);
  Tensor result = network->stylise(content_picture, styles);
  if (quality == "best") {
    const auto bytes = [](const Tensor& picture) { return ops::affine(picture, 255); };
    result = ops::affine(optimised(bytes(content_picture), bytes(style_picture), bytes(result), device),
                         1.0 / 255);
  }
  save_image(out, result.to(kCpu));
  if (interrupted()) throw Interrupted(fmt::format("stopped; {} is the picture so far", out));
  spdlog::info("{}: {} x {}", out, result.size(2), result.size(1));
}

}  // namespace

void add_stylize_command(CLI::App& app) {
  auto command = std::make_shared<StylizeCommand>();
  StylizeCommand& c = *command;
  CLI::App* stylize =
      app.add_subcommand("stylize", "A photograph or a film in the style of a painting: the place to begin");
  stylize->alias("stylise");
  stylize->footer(kExamples);
  stylize->add_option("content", c.content, "The photograph, or a film")->required();
  stylize->add_option("style", c.style, "The painting")->required();
  stylize
      ->add_option("-o,--out", c.out,
                   "Where to write the result, .png or .jpg; for a film .mp4, .mov or .mkv")
      ->required();
  stylize
      ->add_option("--quality", c.quality,
                   "fast: one pass of a network; best: goes on from there by optimising, in minutes")
      ->capture_default_str()
      ->check(one_of(kQualityNames));
  stylize->add_option("--size", c.size, "Longer side of the result in pixels")
      ->capture_default_str()
      ->check(number_in(16, 65536));
  add_film_options(*stylize, c.film);
  add_device_options(*stylize, c.device_options);
  stylize->add_option("--threads", c.threads, "Threads to use")
      ->check(whole_number_in(1))
      ->default_str("all cores");
  stylize->add_flag("--quiet", c.quiet, "Print nothing but errors");
  stylize->callback([command] { command->run(); });
}

}  // namespace nst::tools
