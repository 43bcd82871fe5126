// nst basic: Gatys et al. 2016 from the command line.
#include <fmt/format.h>
#include <omp.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "nn/safetensors.h"
#include "nn/vgg_weights.h"
#include "nst/basic.h"
#include "nst/build_info.h"
#include "nst/colour.h"
#include "nst/image.h"
#include "nst/loss_curve.h"
#include "nst/memory_estimate.h"
#include "nst/weight_store.h"
#include "tensor/file.h"
#include "tensor/ops/elementwise.h"
#include "tools/basic_settings.h"
#include "tools/commands.h"
#include "tools/interrupt.h"
#include "tools/progress.h"

namespace nst::tools {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExamples = R"(Examples:
  nst basic --content photo.jpg --style painting.jpg --out result.png
  nst basic --content photo.jpg --style a.jpg --style b.jpg --style-blend 3,1 --out mix.png
  nst basic --content photo.jpg --style painting.jpg --out big.png --size 1024 --style-size 512 --tv-weight 1e-3
  nst basic --content photo.jpg --style painting.jpg --out result.png --save-every 50
  nst basic --resume result.checkpoint.safetensors --iterations 1000)";

// What a resumed run may be told anew; everything else is the checkpoint's.
const std::set<std::string> kFreeOnResume{"--resume",          "--iterations", "--out",   "--save-every",
                                          "--report",          "--json",       "--quiet", "--threads",
                                          "--min-improvement", "--help"};

struct BasicCommand {
  CLI::App* app = nullptr;
  BasicSettings settings;
  std::string resume;
  bool report = false, json = false, quiet = false;
  int threads = 0;

  void run();

 private:
  nn::StateDict load_checkpoint();
  void check_memory(const nn::VggConfig& vgg, const BasicOptions& options, const Tensor& content,
                    const std::vector<StylePicture>& styles) const;
  Tensor finished_picture(const Basic& basic, const Tensor& content) const;
  void save(const Basic& basic, const Tensor& content, const fs::path& path) const;
  void save_checkpoint(const Basic& basic) const;
  void write_report(const Basic& basic, const std::string& end) const;
  fs::path beside_out(const std::string& suffix) const {
    return fs::path(settings.out).replace_extension().concat(suffix);
  }
};

PictureSize size_of(const Tensor& picture) { return {picture.size(1), picture.size(2)}; }

// Loads a picture with this longer side, in 0..255.
Tensor load_picture(const std::string& path, int64_t size) {
  return ops::affine(resize_image(load_image(path), size, Side::longest), 255);
}

nn::StateDict BasicCommand::load_checkpoint() {
  const nn::WeightFile file = nn::open_weights(resume);
  const auto found = file.metadata().find("nst_basic");
  if (found == file.metadata().end()) throw std::invalid_argument(resume + ": not a checkpoint of nst basic");
  for (const CLI::Option* option : app->get_options()) {
    const std::string name = option->get_name();
    if (option->count() > 0 && !kFreeOnResume.contains(name)) {
      throw std::invalid_argument(name + " is part of the checkpoint and cannot be changed when resuming");
    }
  }
  const BasicSettings given = settings;
  settings =
      basic_settings_from_json(nlohmann::json::parse(found->second, nullptr, /*allow_exceptions=*/false));
  if (app->count("--iterations")) settings.iterations = given.iterations;
  if (app->count("--out")) settings.out = given.out;
  if (app->count("--save-every")) settings.save_every = given.save_every;
  if (app->count("--min-improvement")) settings.min_improvement = given.min_improvement;
  return file.read_all();
}

void BasicCommand::check_memory(const nn::VggConfig& vgg, const BasicOptions& options, const Tensor& content,
                                const std::vector<StylePicture>& styles) const {
  PictureSize largest{0, 0};
  for (const auto& style : styles) {
    const PictureSize s = size_of(style.picture);
    if (s.height * s.width > largest.height * largest.width) largest = s;
  }
  const size_t needed = estimate_basic_memory(vgg, options, size_of(content), largest);
  const size_t available = available_memory();
  if (!quiet && !json) {
    fmt::print(stderr, "{}x{} pixels; about {:.1f} GB of memory needed, {:.1f} GB available\n",
               content.size(2), content.size(1), needed / 1e9, available / 1e9);
  }
  if (available == 0 || needed <= available) return;
  throw std::runtime_error(fmt::format(
      "not enough memory: about {:.1f} GB needed, {:.1f} GB available; --size {} would fit", needed / 1e9,
      available / 1e9, largest_size_that_fits(vgg, options, size_of(content), largest, available)));
}

Tensor BasicCommand::finished_picture(const Basic& basic, const Tensor& content) const {
  const Tensor picture = ops::clamp_forward(ops::affine(basic.picture(), 1.0 / 255), 0, 1);
  return settings.preserve_color ? with_colours_of(picture, ops::affine(content, 1.0 / 255)) : picture;
}

void BasicCommand::save(const Basic& basic, const Tensor& content, const fs::path& path) const {
  save_image(path, finished_picture(basic, content));
}

void BasicCommand::save_checkpoint(const Basic& basic) const {
  nn::write_safetensors(beside_out(".checkpoint.safetensors"), basic.checkpoint(),
                        {.metadata = {{"nst_basic", to_json(settings).dump()}}});
}

void BasicCommand::write_report(const Basic& basic, const std::string& end) const {
  std::vector<CurveColumn> curve{{"total", {}}, {"content", {}}, {"style", {}}, {"tv", {}}};
  std::vector<double> seconds;
  nlohmann::ordered_json notes = nlohmann::json::array();
  for (const auto& r : basic.history()) {
    curve[0].values.push_back(r.loss.total);
    curve[1].values.push_back(r.loss.content);
    curve[2].values.push_back(r.loss.style);
    curve[3].values.push_back(r.loss.tv);
    seconds.push_back(r.seconds);
    if (!r.note.empty()) notes.push_back({{"iteration", r.iteration}, {"note", r.note}});
  }
  write_curve_png(beside_out(".loss.png"),
                  fmt::format("{} in the style of {}", fs::path(settings.content).filename().string(),
                              fs::path(settings.styles.front()).filename().string()),
                  curve);
  curve.push_back({"seconds", seconds});
  write_curve_csv(beside_out(".loss.csv"), curve);
  nlohmann::ordered_json record{{"method", "basic"}, {"settings", to_json(settings)}};
  for (const auto& [key, value] : build_info()) record["build"][key] = value;
  record["iterations"] = basic.history().size();
  record["end"] = end;
  record["notes"] = notes;
  const auto& last = basic.history().back();
  record["loss"] = {{"total", last.loss.total},
                    {"content", last.loss.content},
                    {"style", last.loss.style},
                    {"tv", last.loss.tv}};
  record["seconds"] = last.seconds;
  record["peak_tensor_bytes"] = allocator().stats().peak;
  write_file_atomically(beside_out(".json"), record.dump(2) + "\n");
}

void BasicCommand::run() {
  if (threads > 0) omp_set_num_threads(threads);
  const nn::StateDict checkpoint = resume.empty() ? nn::StateDict{} : load_checkpoint();
  if (settings.content.empty()) throw std::invalid_argument("basic: --content is required");
  if (settings.styles.empty()) throw std::invalid_argument("basic: --style is required");
  if (settings.out.empty()) throw std::invalid_argument("basic: --out is required");
  if (!settings.style_blend.empty() && settings.style_blend.size() != settings.styles.size()) {
    throw std::invalid_argument(fmt::format("basic: {} weights in --style-blend for {} styles",
                                            settings.style_blend.size(), settings.styles.size()));
  }
  // Everything that can be wrong is found before the first minute of work.
  const BasicOptions options = basic_options(settings);
  check_can_save_image(settings.out);
  const Tensor content = load_picture(settings.content, settings.size);
  std::vector<StylePicture> styles;
  for (size_t i = 0; i < settings.styles.size(); ++i) {
    styles.push_back(
        {load_picture(settings.styles[i], settings.style_size > 0 ? settings.style_size : settings.size),
         settings.style_blend.empty() ? 1 : settings.style_blend[i]});
  }
  const nn::VggWeights weights = nn::read_vgg(nn::open_weights(find_weights(settings.weights)));
  const nn::VggConfig vgg = vgg_config(settings, weights);
  check_memory(vgg, options, content, styles);
  const LossNetwork network(vgg, weights.state, weights.preprocessing);
  Basic basic(network, content, styles, options);
  if (!checkpoint.empty()) basic.resume(checkpoint);

  catch_interrupts();
  std::string end = "all iterations done";
  {
    Progress progress(json    ? ProgressStyle::json
                      : quiet ? ProgressStyle::quiet
                              : ProgressStyle::automatic,
                      settings.iterations, static_cast<int>(basic.history().size()));
    while (!basic.finished() && !interrupted()) {
      const auto report = basic.step();
      progress.update(
          report.iteration,
          {{"loss", report.loss.total}, {"content", report.loss.content}, {"style", report.loss.style}});
      if (!report.note.empty())
        progress.message(fmt::format("iteration {}: {}", report.iteration, report.note));
      if (basic.finished() && report.iteration < settings.iterations) end = report.note;
      if (settings.save_every > 0 && report.iteration % settings.save_every == 0 && !basic.finished()) {
        save(basic, content,
             beside_out(
                 fmt::format(".{:05}{}", report.iteration, fs::path(settings.out).extension().string())));
        save_checkpoint(basic);
      }
    }
  }
  if (interrupted()) end = "interrupted";
  save(basic, content, settings.out);
  if (settings.save_every > 0 || interrupted()) save_checkpoint(basic);
  if (this->report && !basic.history().empty()) write_report(basic, end);
  if (interrupted()) {
    throw Interrupted(fmt::format("stopped after {} iterations; go on with --resume {}",
                                  basic.history().size(), beside_out(".checkpoint.safetensors").string()));
  }
}

}  // namespace

void add_basic_command(CLI::App& app) {
  auto command = std::make_shared<BasicCommand>();
  command->app =
      app.add_subcommand("basic", "Optimise a picture (Gatys et al. 2016): slow, any style, the reference");
  command->app->footer(kExamples);
  add_basic_options(*command->app, command->settings);
  command->app
      ->add_option("--resume", command->resume, "Go on from a checkpoint, exactly as if never stopped")
      ->group("Run");
  command->app
      ->add_flag("--report", command->report, "Write OUT.json (every setting), OUT.loss.csv and OUT.loss.png")
      ->group("Run");
  command->app->add_flag("--json", command->json, "Progress as one JSON object per line on standard output")
      ->group("Run");
  command->app->add_flag("--quiet", command->quiet, "Print nothing but errors")->group("Run");
  command->app->add_option("--threads", command->threads, "Threads to use")
      ->check(CLI::PositiveNumber)
      ->default_str("all cores")
      ->group("Run");
  command->app->callback([command] { command->run(); });
}

}  // namespace nst::tools
