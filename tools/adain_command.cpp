// nst adain: any style in one pass, with every control at run time.
#include <fmt/format.h>
#include <omp.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "nst/adain/measure.h"
#include "nst/adain/style_file.h"
#include "nst/adain/wct.h"
#include "nst/adain/weights.h"
#include "nst/film_file.h"
#include "nst/image.h"
#include "nst/masks.h"
#include "nst/training/picture_grid.h"
#include "nst/training/picture_stream.h"
#include "nst/weight_store.h"
#include "tensor/file.h"
#include "tools/adain_network_option.h"
#include "tools/colour_options.h"
#include "tools/commands.h"
#include "tools/device_option.h"
#include "tools/film_command.h"
#include "tools/interrupt.h"
#include "tools/log.h"
#include "tools/option_checks.h"

namespace nst::tools {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExamples = R"(Examples:
  nst adain photo.jpg painting.jpg -o result.png
  nst adain photo.jpg painting.jpg -o result.png --alpha 0.6 --size 1024 --style-size 512
  nst adain photo.jpg a.jpg b.jpg -o mix.png --style-weights 3,1
  nst adain photo.jpg sky.jpg ground.jpg -o result.png --mask sky.png --mask ground.png
  nst adain film.mp4 painting.jpg -o painted.mp4 --size 640
  nst adain photos/ paintings/ -o grid.jpg
  nst adain photos/ paintings/ -o results/
  nst adain photo.jpg painting.jpg -o result.png --encoder vgg_normalised.pth --decoder decoder.pth)";

constexpr int64_t kSmallestSize = 16, kLargestSize = 65536;

struct AdainCommand {
  std::string content, out;
  std::vector<std::string> styles, masks;
  std::vector<double> style_weights;
  int64_t size = 512, style_size = 0, strip_pixels = kAutomaticStrips;
  double alpha = 1;
  ColourSettings colour;
  bool wct = false, report = false;
  std::string report_vgg = "vgg16";
  FilmOptions film;
  AdainNetworkOptions network_options;
  DeviceOptions device_options;
  int threads = 0;
  bool quiet = false, verbose = false;

  void run();

 private:
  struct Style {
    std::string name;
    Tensor picture;  // undefined for an encoded one
    EncodedStyle encoded;
  };
  Tensor load(const std::string& path, int64_t longest) const;
  Style load_style_of(const std::string& path);
  FeatureTransform transform(const Style& style) const;
  PaintFrame painter(std::span<const Style> with, const std::vector<double>& weights) const;
  void check_mixture() const;
  void paint_one();
  void paint_one_film();
  void paint_all();
  std::vector<std::string> inputs() const;
  void check_out(const std::string& path) const;
  void write_report(const Tensor& content_picture, const Tensor& result, std::span<const Style> with,
                    double seconds) const;

  std::unique_ptr<AdainNetwork> network_;
  std::string encoder_;  // its id
  Device device_ = kCpu;
};

// In 0..1; `longest` 0 leaves its size.
Tensor AdainCommand::load(const std::string& path, int64_t longest) const {
  const Tensor picture = load_image(path);
  return longest > 0 ? resize_image(picture, longest, Side::longest) : picture;
}

AdainCommand::Style AdainCommand::load_style_of(const std::string& path) {
  Style style{fs::path(path).stem().string(), {}, {}};
  if (is_style_file(path)) {
    if (wct) throw std::invalid_argument(fmt::format("{}: --wct needs the style's picture", path));
    const EncodedStyle encoded = nst::load_style(path, encoder_);
    style.encoded = {encoded.mean.to(device_), encoded.std.to(device_)};
    return style;
  }
  style.picture = load(path, style_size > 0 ? style_size : size);
  if (!wct) style.encoded = network_->encode_style(style.picture.to(device_), strip_pixels);
  return style;
}

FeatureTransform AdainCommand::transform(const Style& style) const {
  if (!wct) return network_->to_style(style.encoded);
  const auto covariance = style_covariance(network_->encode(style.picture.to(device_), strip_pixels));
  return [covariance](const Tensor& features) { return nst::wct(features, covariance); };
}

// Paints one photograph, or the pictures of one film, (1, H, W, 3) in 0..1. The styles and the masks are
// looked at once.
PaintFrame AdainCommand::painter(std::span<const Style> with, const std::vector<double>& weights) const {
  std::vector<FeatureTransform> transforms;
  for (const Style& style : with) transforms.push_back(transform(style));
  StyliseOptions options{.alpha = alpha, .weights = weights, .strip_pixels = strip_pixels};
  return [this, transforms, options](const Tensor& picture) mutable {
    for (size_t i = options.masks.size(); i < masks.size(); ++i) {
      const PictureSize size{picture.size(1), picture.size(2)};
      options.masks.push_back(load_mask(masks[i], size).reshape({1, size.height, size.width, 1}));
    }
    return with_colours_kept(network_->stylise(picture.to(device_), transforms, options).to(kCpu), picture,
                             colour, {});
  };
}

std::vector<std::string> AdainCommand::inputs() const {
  std::vector<std::string> all{content};
  all.insert(all.end(), styles.begin(), styles.end());
  all.insert(all.end(), masks.begin(), masks.end());
  return all;
}

void AdainCommand::check_out(const std::string& path) const {
  check_can_save_image(path);
  for (const auto& input : inputs()) {
    std::error_code missing;
    if (fs::equivalent(path, input, missing)) {
      throw std::invalid_argument(fmt::format("-o {}: would overwrite {}", path, input));
    }
  }
}

void AdainCommand::check_mixture() const {
  if (!masks.empty() && masks.size() != styles.size()) {
    throw std::invalid_argument(
        fmt::format("{} of --mask for {} styles: each needs its own", masks.size(), styles.size()));
  }
  if (!style_weights.empty() && style_weights.size() != styles.size()) {
    throw std::invalid_argument(
        fmt::format("{} of --style-weights for {} styles", style_weights.size(), styles.size()));
  }
}

void AdainCommand::paint_one() {
  check_out(out);
  if (report) {
    check_writable(fs::path(out).replace_extension(".json"));
    find_weights(report_vgg);
  }
  check_mixture();
  const Tensor picture = load(content, size);
  std::vector<Style> with;
  for (const auto& path : styles) with.push_back(load_style_of(path));
  const auto start = std::chrono::steady_clock::now();
  const Tensor result = painter(with, style_weights)(picture);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  save_image(out, result);
  if (report) write_report(picture, result, with, seconds);
  spdlog::info("{}: {} x {} in {:.2f} s", out, result.size(2), result.size(1), seconds);
}

void AdainCommand::paint_one_film() {
  if (report) throw std::invalid_argument("--report: is for a single picture");
  for (const auto& style : styles) {
    if (fs::is_directory(style)) {
      throw std::invalid_argument(fmt::format("{}: a film has one style, or a mixture; not a folder", style));
    }
  }
  check_film_output(out, inputs());
  check_mixture();
  std::vector<Style> with;
  for (const auto& path : styles) with.push_back(load_style_of(path));
  catch_interrupts();
  paint_film(content, out, size, quiet, film, painter(with, style_weights));
}

void AdainCommand::paint_all() {
  for (const auto& [given, option] : {std::pair{!masks.empty(), "--mask"},
                                      {!style_weights.empty(), "--style-weights"},
                                      {report, "--report"}}) {
    if (given) throw std::invalid_argument(fmt::format("{} is for a single picture", option));
  }
  const auto files = [](const std::string& path) {
    if (!fs::is_directory(path)) return std::vector<fs::path>{path};
    return find_pictures(path);
  };
  const auto contents = files(content);
  std::vector<fs::path> all_styles;
  for (const auto& style : styles) {
    for (auto& path : files(style)) all_styles.push_back(std::move(path));
  }
  const bool one_picture = !fs::path(out).extension().empty() && !fs::is_directory(out);
  if (one_picture) {
    check_out(out);
  } else {
    fs::create_directories(out);
  }
  std::vector<Style> with;
  std::vector<std::vector<Tensor>> rows(1);
  rows[0].push_back(Tensor::full({1, 1, 1, 3}, 1));
  for (const auto& path : all_styles) {
    with.push_back(load_style_of(path.string()));
    if (!one_picture) continue;
    // Above its column, as wide as the pictures in it.
    const Tensor& shown = with.back().picture;
    rows[0].push_back(shown.defined() ? resize_image(shown, size > 0 ? size : kLargestSize, Side::longest)
                                      : Tensor::full({1, 1, 1, 3}, 1));
  }
  catch_interrupts();
  for (const auto& path : contents) {
    const Tensor picture = load(path.string(), size);
    auto& row = rows.emplace_back();
    row.push_back(picture);
    for (const Style& style : with) {
      if (interrupted()) throw Interrupted("stopped");
      const Tensor result = painter(std::span(&style, 1), {})(picture);
      if (one_picture) {
        row.push_back(result);
      } else {
        const fs::path file = fs::path(out) / fmt::format("{}_{}.png", path.stem().string(), style.name);
        save_image(file, result);
        spdlog::info("{}", file.string());
      }
    }
  }
  if (one_picture) {
    save_image(out, picture_grid(rows));
    spdlog::info("{}: {} photographs in {} styles", out, contents.size(), with.size());
  }
}

// OUT.json: the settings, what is left of the photograph without a style, and how near the result's
// statistics are to the style's, at the layers of a VGG.
void AdainCommand::write_report(const Tensor& content_picture, const Tensor& result,
                                std::span<const Style> with, double seconds) const {
  nlohmann::ordered_json json{{"method", wct ? "wct" : "adain"},
                              {"content", content},
                              {"styles", styles},
                              {"style_weights", style_weights},
                              {"alpha", alpha},
                              {"size", size},
                              {"style_size", style_size > 0 ? style_size : size},
                              {"seconds", seconds}};
  const FeatureTransform nothing = [](const Tensor& features) { return features; };
  const Tensor plain =
      network_->stylise(content_picture.to(device_), std::span(&nothing, 1), {.strip_pixels = strip_pixels})
          .to(kCpu);
  json["psnr_at_alpha_0"] = psnr(plain, content_picture);
  const nn::VggWeights vgg = nn::read_vgg(nn::open_weights(find_weights(report_vgg)));
  const bool deep = vgg.state.contains("conv4_1.weight");
  nn::ImageNetwork judge(
      nn::adain_encoder(vgg.depth, deep ? std::string("relu4_1") : "relu" + vgg.deepest.substr(4)));
  judge.load_state_dict(adain_encoder_state(vgg), /*strict=*/false);
  for (const Style& style : with) {
    if (!style.picture.defined()) continue;
    nlohmann::ordered_json layers;
    for (const auto& error : statistics_errors(judge, result, style.picture)) {
      layers[error.layer] = {{"mean", error.mean}, {"std", error.std}};
    }
    json["content_errors"][style.name] = content_error(judge, result, content_picture, style.picture);
    json["statistics_errors"][style.name] = layers;
  }
  write_file_atomically(fs::path(out).replace_extension(".json"), json.dump(2) + "\n");
}

void AdainCommand::run() {
  set_verbosity(verbosity_of(quiet, film.json, verbose));
  if (threads > 0) omp_set_num_threads(threads);
  const bool is_a_film = is_film(content);
  check_film_options(film, is_a_film);
  device_ = choose_device(device_options);
  network_ = load_adain_network(network_options, device_);
  encoder_ = encoder_id(*network_);
  if (is_a_film) return paint_one_film();
  bool folders = fs::is_directory(content);
  for (const auto& style : styles) folders = folders || fs::is_directory(style);
  folders ? paint_all() : paint_one();
}

}  // namespace

void add_adain_command(CLI::App& app) {
  auto command = std::make_shared<AdainCommand>();
  CLI::App* adain =
      app.add_subcommand("adain", "Any style in one pass (Huang & Belongie 2017), with every control");
  adain->footer(kExamples);
  const auto in = [adain](const char* group) {
    return [adain, group](auto&&... args) { return adain->add_option(args...)->group(group); };
  };
  const auto pictures = in("Pictures"), style = in("Style"), running = in("Run");
  AdainCommand& c = *command;
  pictures("content", c.content, "The photograph, a film, or a folder of photographs")->required();
  pictures("style", c.styles,
           "Paintings, or what `nst style encode` made of them: several are mixed. With a folder, here or "
           "there, every photograph is painted in every style")
      ->required();
  pictures("-o,--out", c.out,
           "Where to write the result, .png or .jpg; for a film .mp4, .mov or .mkv; for folders a grid of "
           "all, or a "
           "folder")
      ->required();
  pictures("--size", c.size, "Longer side of the result in pixels; 0 for the photograph's own")
      ->capture_default_str()
      ->check(number_in(0, kLargestSize));
  pictures("--style-size", c.style_size, "Longer side of the style pictures; sets the size of the brush")
      ->check(number_in(kSmallestSize, kLargestSize))
      ->default_str("as --size");
  style("--alpha", c.alpha, "How much style: 0 none, 1 all")->capture_default_str()->check(number_in(0, 2));
  style("--style-weights", c.style_weights, "Shares of several styles, e.g. 3,1")
      ->delimiter(',')
      ->check(number_from(0));
  style("--mask", c.masks, "A picture that is white where the style applies; one per style, in their order");
  add_preserve_color_options(*adain, c.colour, "Style");
  adain->add_flag("--wct", c.wct, "Match covariances instead of deviations (Li et al. 2017)")->group("Style");
  add_film_options(*adain, c.film);
  add_adain_network_options(*adain, c.network_options);
  adain
      ->add_flag("--report", c.report,
                 "Write OUT.json: settings, PSNR at alpha 0, errors of the style's statistics per layer")
      ->group("Run");
  running("--strip-pixels", c.strip_pixels,
          "Work in strips of this many pixels: the same result, less memory; 0 for never")
      ->check(whole_number_in(0))
      ->default_str("for large pictures");
  running("--report-vgg", c.report_vgg, "The VGG whose layers those are")->capture_default_str();
  add_device_options(*adain, c.device_options);
  running("--threads", c.threads, "Threads to use")->check(whole_number_in(1))->default_str("all cores");
  CLI::Option* quiet = adain->add_flag("--quiet", c.quiet, "Print nothing but errors")->group("Run");
  adain->add_flag("--verbose", c.verbose, "Print what is read and how it is used")
      ->group("Run")
      ->excludes(quiet);
  adain->callback([command] { command->run(); });
}

}  // namespace nst::tools
