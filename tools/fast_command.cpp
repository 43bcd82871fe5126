// nst fast: pictures and films through a trained transform network.
#include <fmt/format.h>
#include <omp.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <stdexcept>

#include "nst/fast.h"
#include "nst/image.h"
#include "nst/style_library.h"
#include "tensor/file.h"
#include "tensor/ops/elementwise.h"
#include "tools/colour_options.h"
#include "tools/commands.h"
#include "tools/device_option.h"
#include "tools/fast_inputs.h"
#include "tools/film_command.h"
#include "tools/interrupt.h"
#include "tools/log.h"
#include "tools/option_checks.h"

namespace nst::tools {
namespace {

constexpr const char* kExamples = R"(Examples:
  nst fast --list
  nst fast photo.jpg -o painted.png --style rocks
  nst fast photo.jpg -o painted.png --style rocks:0.7 --style window:0.3 --strength 0.8
  nst fast holiday/ -o painted/ --style mosaic.pth --preserve-color
  nst fast film.mp4 -o painted.mp4 --style rocks --size 640
  nst fast - -o - --style rocks < photo.jpg > painted.png)";

constexpr size_t kMaxPictureBytes = size_t{1} << 30;

struct FastCommand {
  std::vector<std::string> inputs, styles;
  std::string out, network;
  FastOptions options;
  ColourSettings colour;
  FilmOptions film;
  DeviceOptions device;
  int64_t size = 0;
  int threads = 0, jpeg_quality = SaveOptions{}.jpeg_quality;
  bool list = false, quiet = false;

  void run();

 private:
  Tensor painted(const FastStyle& style, const Tensor& picture) const;  // 0..1
  void stylise(const FastStyle& style, const FastJob& job) const;
};

Tensor read_picture(const std::filesystem::path& from) {
  if (from == "-") return decode_image(read_file("/dev/stdin", kMaxPictureBytes), "standard input");
  return load_image(from);
}

void write_picture(const std::filesystem::path& to, const Tensor& picture, const SaveOptions& options) {
  if (to != "-") return save_image(to, picture, options);
  const auto bytes = encode_image(picture, ".png");
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size() || std::fflush(stdout) != 0) {
    throw std::runtime_error("standard output: cannot be written");
  }
}

Tensor FastCommand::painted(const FastStyle& style, const Tensor& picture) const {
  return ops::affine(style(ops::affine(picture, 255), options), 1.0 / 255);
}

void FastCommand::stylise(const FastStyle& style, const FastJob& job) const {
  if (job.film) {
    return paint_film(job.from, job.to, size, quiet, film,
                      [&](const Tensor& picture) { return painted(style, picture); });
  }
  const auto start = std::chrono::steady_clock::now();
  Tensor picture = read_picture(job.from);
  if (size > 0) picture = resize_image(picture, size, Side::longest);
  write_picture(job.to, painted(style, picture), {.jpeg_quality = jpeg_quality});
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  spdlog::info("{}: {} x {} in {:.2f} s", job.to == "-" ? "standard output" : job.to.string(),
               picture.size(2), picture.size(1), seconds.count());
}

void FastCommand::run() {
  if (list) {
    for (const auto& style : bundled_styles()) fmt::print("{}\n", style.name);
    return;
  }
  set_verbosity(verbosity_of(quiet, film.json));
  if (threads > 0) omp_set_num_threads(threads);
  if (inputs.empty()) throw std::invalid_argument("fast: no picture");
  if (out.empty()) throw std::invalid_argument("fast: --out is required");
  if (styles.empty() && network.empty())
    throw std::invalid_argument("fast: --style or --network is required");
  if (out == "-" && isatty(STDOUT_FILENO)) throw std::invalid_argument("--out -: not to a terminal");
  ChosenStyle chosen = choose_style(styles, network);
  options.mix = chosen.mix;
  options.preserve_color = preserved_colours(colour);
  const auto jobs = fast_jobs(inputs, out);
  check_film_options(film, std::ranges::any_of(jobs, &FastJob::film));
  for (const FastJob& job : jobs) {
    if (job.film) {
      check_film_output(job.to, {job.from});
    } else if (job.to != "-") {
      check_can_save_image(job.to, {.jpeg_quality = jpeg_quality});
    }
  }
  const FastStyle style(std::move(chosen.model), choose_device(device));
  catch_interrupts();
  size_t done = 0, failed = 0;
  for (const FastJob& job : jobs) {
    if (interrupted()) throw Interrupted(fmt::format("stopped after {} of {} files", done, jobs.size()));
    try {
      stylise(style, job);
      ++done;
    } catch (const Interrupted&) {
      throw;
    } catch (const std::runtime_error& error) {  // one bad file among many
      if (jobs.size() == 1) throw;
      spdlog::warn("{}", error.what());
      ++failed;
    }
  }
  if (failed > 0) throw std::runtime_error(fmt::format("{} of {} files failed", failed, jobs.size()));
}

}  // namespace

void add_fast_command(CLI::App& app) {
  auto command = std::make_shared<FastCommand>();
  CLI::App* sub = app.add_subcommand(
      "fast", "Paint pictures and films with a trained network (Johnson et al. 2016): seconds");
  sub->footer(kExamples);
  sub->add_option("pictures", command->inputs,
                  "Pictures, films, folders of them, or - for a picture on standard input");
  sub->add_option("-o,--out", command->out,
                  "What to write; for several, a folder; - for a picture on standard output");
  sub->add_option("--style", command->styles,
                  "A bundled style or a network's file: ours, .pth, ONNX, a folder of variables; NAME:WEIGHT "
                  "several times for a blend")
      ->allow_extra_args(false);
  sub->add_option("--network", command->network, "A network of several styles, which --style then names");
  sub->add_option("--strength", command->options.strength, "0 is the photograph, 1 the network's picture")
      ->check(number_in(0, 1))
      ->capture_default_str();
  add_preserve_color_options(*sub, command->colour, "Options");
  sub->add_option("--size", command->size, "Bring the longest side to this many pixels first")
      ->check(whole_number_in(1, 65535));
  sub->add_option("--strip-pixels", command->options.strip_pixels,
                  "Work in strips of this many pixels: the same result, less memory; 0 for never")
      ->check(whole_number_in(0))
      ->default_str("for large pictures");
  sub->add_option("--jpeg-quality", command->jpeg_quality, "Of .jpg files")
      ->check(whole_number_in(1, 100))
      ->capture_default_str();
  add_film_options(*sub, command->film);
  sub->add_flag("--list", command->list, "List the bundled styles");
  add_device_options(*sub, command->device);
  sub->add_option("--threads", command->threads, "Threads to use")
      ->check(whole_number_in(1))
      ->default_str("all cores");
  sub->add_flag("--quiet", command->quiet, "Print nothing but errors");
  sub->callback([command] { command->run(); });
}

}  // namespace nst::tools
