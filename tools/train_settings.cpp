#include "tools/train_settings.h"

#include <fmt/format.h>
#include <omp.h>
#include <spdlog/spdlog.h>

#include <set>
#include <stdexcept>

#include "nst/build_info.h"
#include "nst/image.h"
#include "tensor/ops/elementwise.h"
#include "tools/commands.h"
#include "tools/interrupt.h"
#include "tools/log.h"
#include "tools/option_checks.h"
#include "tools/progress.h"
#include "tools/settings_json.h"

namespace nst::tools {
namespace {

constexpr size_t kSamplePhotos = 3;

// What a resumed run may be told anew; everything else is the checkpoint's.
const std::set<std::string> kFreeOnResume{
    "--resume",       "--steps",       "--checkpoint-every", "--keep",   "--sample-every",
    "--sample-photo", "--sample-size", "--float32",          "--device", "--math",
    "--conv-backend", "--threads",     "--decode-threads",   "--json",   "--quiet",
    "--verbose",      "--help"};

// The one list behind both directions of JSON.
template <class Settings, class F>
void for_each_field(Settings& s, F f) {
  f("photos", s.photos);
  f("crop", s.crop);
  f("resize", s.resize);
  f("flip", s.flip);
  f("batch", s.batch);
  f("accumulate", s.accumulate);
  f("steps", s.steps);
  f("learning_rate", s.learning_rate);
  f("schedule", s.schedule);
  f("warmup", s.warmup);
  f("max_gradient_norm", s.max_gradient_norm);
  f("seed", s.seed);
  f("checkpoint_every", s.checkpoint_every);
  f("keep", s.keep);
  f("sample_every", s.sample_every);
  f("sweep", s.sweep);
  f("sweep_at", s.sweep_at);
  f("sweep_steps", s.sweep_steps);
  f("sample_photos", s.sample_photos);
  f("sample_size", s.sample_size);
  f("float32", s.float32);
  f("data_set", s.data_set);
}

}  // namespace

void add_train_options(CLI::App& command, TrainSettings& s, TrainRunOptions& run) {
  const auto in = [&command](const char* group) {
    return [&command, group](auto&&... args) { return command.add_option(args...)->group(group); };
  };
  const auto data = in("Data set"), training = in("Training"), output = in("Output"), running = in("Run");

  data("--photos", s.photos, "A folder of photographs, searched through to the bottom");
  data("--crop", s.crop, "Side of the square crops in pixels")
      ->capture_default_str()
      ->check(whole_number_in(16, 4096));
  data("--resize", s.resize, "Shorter side before cropping: a length, or two between which it is drawn")
      ->delimiter(',')
      ->expected(1, 2)
      ->default_str("as --crop")
      ->check(whole_number_in(16, 65536));
  command.add_flag("!--no-flip", s.flip, "Never mirror a crop")->group("Data set");

  training("--batch", s.batch, "Photographs in a batch")->capture_default_str()->check(whole_number_in(1));
  training("--accumulate", s.accumulate, "Batches whose mean gradient makes a step")
      ->capture_default_str()
      ->check(whole_number_in(1));
  training("--steps", s.steps, "Steps of Adam")->capture_default_str()->check(whole_number_in(1));
  training("--learning-rate", s.learning_rate, "Adam's, in the beginning")
      ->capture_default_str()
      ->check(positive_number());
  training("--schedule", s.schedule, "How the learning rate goes on")
      ->capture_default_str()
      ->check(one_of(learning_rate_schedule_names()));
  training("--warmup", s.warmup, "Steps over which the learning rate rises to it")
      ->capture_default_str()
      ->check(whole_number_in(0));
  training("--max-gradient-norm", s.max_gradient_norm,
           "Longer gradients are shortened to this; the report's gradient_norm tells what is usual")
      ->default_str("none is")
      ->check(positive_number());
  training("--seed", s.seed, "Of the first weights and the data's order")
      ->capture_default_str()
      ->check(whole_number_in(0, UINT64_MAX));

  output("--out", run.out, "A folder for all that the run writes");
  output("--checkpoint-every", s.checkpoint_every, "Steps between checkpoints; 0 for none but the last")
      ->capture_default_str()
      ->check(whole_number_in(0));
  output("--keep", s.keep, "Checkpoints to keep")->capture_default_str()->check(whole_number_in(1));
  output("--sample-every", s.sample_every, "Steps between sample pictures; 0 for none but the last")
      ->capture_default_str()
      ->check(whole_number_in(0));
  output(
      "--sweep", s.sweep,
      "In the middle of the run, try the style's weight times each of these, e.g. 0.3,1,3, and keep a sample")
      ->delimiter(',')
      ->check(positive_number());
  output("--sweep-at", s.sweep_at, "The step to try them after")
      ->default_str("half of --steps")
      ->check(whole_number_in(1));
  output("--sweep-steps", s.sweep_steps, "Steps to train with each")
      ->capture_default_str()
      ->check(whole_number_in(1));
  output("--sample-photo", s.sample_photos, "A photograph for the samples; repeat for several")
      ->default_str("the data set's first three");
  output("--sample-size", s.sample_size, "Longer side of the sample pictures")
      ->capture_default_str()
      ->check(whole_number_in(16, 4096));
  command.add_flag("--float32", s.float32, "Keep the trained weights as float32, not float16")
      ->group("Output");

  running("--resume", run.resume, "Go on in this folder, exactly as if never stopped");
  add_device_options(command, run.device);
  running("--threads", run.threads, "Threads to compute with")
      ->check(whole_number_in(1))
      ->default_str("all cores");
  running("--decode-threads", run.decode_threads, "Threads that read photographs ahead")
      ->capture_default_str()
      ->check(whole_number_in(1, 64));
  command.add_flag("--json", run.json, "Progress as one JSON object per line on standard output")
      ->group("Run");
  CLI::Option* quiet = command.add_flag("--quiet", run.quiet, "Print nothing but errors")->group("Run");
  command.add_flag("--verbose", run.verbose, "Print what is read and how it is used")
      ->group("Run")
      ->excludes(quiet);
}

nlohmann::ordered_json to_json(const TrainSettings& settings) {
  nlohmann::ordered_json json;
  write_fields(json, [&](auto f) { for_each_field(settings, f); });
  return json;
}

TrainSettings train_settings_from_json(const nlohmann::json& json) {
  TrainSettings settings;
  read_fields(json, [&](auto f) { for_each_field(settings, f); });
  return settings;
}

StreamOptions stream_options(const TrainSettings& s, const TrainRunOptions& run) {
  const int64_t smallest = s.resize.empty() ? s.crop : s.resize.front();
  const int64_t largest = s.resize.empty() ? s.crop : s.resize.back();
  return {.crop = {.size = s.crop, .smallest = smallest, .largest = largest, .flip = s.flip},
          .seed = s.seed,
          .threads = static_cast<int>(run.decode_threads),
          .ahead = 2 * s.batch + run.decode_threads};
}

TrainerOptions trainer_options(const TrainSettings& s) {
  return {.steps = s.steps,
          .accumulate = s.accumulate,
          .adam = {.learning_rate = s.learning_rate},
          .schedule = parse_learning_rate_schedule(s.schedule),
          .warmup = s.warmup,
          .max_gradient_norm = s.max_gradient_norm};
}

Tensor load_picture(const std::string& path, int64_t size) {
  return ops::affine(resize_image(load_image(path), size, Side::longest), 255);
}

std::vector<Tensor> load_samples(const TrainSettings& settings,
                                 const std::vector<std::filesystem::path>& photographs) {
  std::vector<Tensor> samples;
  for (const auto& path : settings.sample_photos) samples.push_back(load_picture(path, settings.sample_size));
  for (size_t i = 0;
       samples.size() < kSamplePhotos && settings.sample_photos.empty() && i < photographs.size(); ++i) {
    try {
      samples.push_back(load_picture(photographs[i].string(), settings.sample_size));
    } catch (const std::runtime_error&) {
      // The data set counts it among the skipped.
    }
  }
  return samples;
}

std::optional<TrainingCheckpoint> start_train_run(const CLI::App& command, TrainRunOptions& run) {
  set_verbosity(verbosity_of(run.quiet, run.json, run.verbose));
  if (run.threads > 0) omp_set_num_threads(run.threads);
  if (run.resume.empty()) return std::nullopt;
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_name();
    if (option->count() > 0 && !kFreeOnResume.contains(name)) {
      throw std::invalid_argument(name + " is part of the checkpoint and cannot be changed when resuming");
    }
  }
  run.out = run.resume;
  return newest_checkpoint(run.resume);
}

void read_checkpoint_settings(const TrainingCheckpoint& checkpoint, std::string_view method,
                              const std::function<void(const nlohmann::json& settings)>& read) {
  const auto fail = [&](const std::string& what) {
    throw std::runtime_error(fmt::format("{}: {}", checkpoint.path.string(), what));
  };
  const auto json = nlohmann::json::parse(checkpoint.settings, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("common") || json.value("method", "") != method)
    fail(fmt::format("not a checkpoint of nst train {}", method));
  try {
    read(json);
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

void resume_from(const TrainingCheckpoint& checkpoint, Trainer& trainer) {
  try {
    trainer.resume(checkpoint.state);
  } catch (const std::invalid_argument& error) {  // the file's fault, not the caller's
    throw std::runtime_error(fmt::format("{}: {}", checkpoint.path.string(), error.what()));
  }
}

void take_over(const CLI::App& command, const TrainSettings& given, TrainSettings& settings) {
  const auto take = [&](const char* option, auto TrainSettings::*field) {
    if (command.count(option) > 0) settings.*field = given.*field;
  };
  take("--steps", &TrainSettings::steps);
  take("--checkpoint-every", &TrainSettings::checkpoint_every);
  take("--keep", &TrainSettings::keep);
  take("--sample-every", &TrainSettings::sample_every);
  take("--sample-photo", &TrainSettings::sample_photos);
  take("--sample-size", &TrainSettings::sample_size);
  take("--float32", &TrainSettings::float32);
}

std::vector<std::filesystem::path> find_photographs(TrainSettings& settings) {
  const auto files = find_pictures(settings.photos);
  const std::string print = fingerprint(files);
  if (!settings.data_set.empty() && settings.data_set != print) {
    throw std::runtime_error(
        fmt::format("{}: holds other pictures than when the run began", settings.photos));
  }
  settings.data_set = print;
  spdlog::info("{}: {} pictures", settings.photos, files.size());
  return files;
}

void check_needed(const CLI::App& command, const TrainSettings& settings, const TrainRunOptions& run,
                  std::string_view style_option, bool style_given) {
  const auto need = [&](bool given, std::string_view option) {
    if (!given)
      throw std::invalid_argument(fmt::format("train {}: {} is required", command.get_name(), option));
  };
  need(!settings.photos.empty(), "--photos");
  need(style_given, style_option);
  need(!run.out.empty(), "--out");
  if (run.resume.empty() && std::filesystem::exists(std::filesystem::path(run.out) / "checkpoints")) {
    throw std::invalid_argument(fmt::format(
        "--out {}: holds a run already; go on with --resume {}, or choose another folder", run.out, run.out));
  }
}

void run_and_report(Trainer& trainer, TrainingFolder& folder, PictureStream& photographs,
                    const TrainSettings& common, const TrainRunOptions& run,
                    const nlohmann::ordered_json& settings) {
  TrainingReport report{
      .title = "Training of " + std::filesystem::absolute(folder.root()).filename().string(), .facts = {}};
  for (const auto& [key, value] : settings.items()) {
    if (!value.is_object()) report.facts.emplace_back(key, value.dump());
  }
  const auto common_json = to_json(common);
  for (const auto& [key, value] : common_json.items()) report.facts.emplace_back(key, value.dump());
  for (const auto& [key, value] : build_info()) report.facts.emplace_back(key, value);

  Progress progress(run.json    ? ProgressStyle::json
                    : run.quiet ? ProgressStyle::quiet
                                : ProgressStyle::automatic,
                    static_cast<int>(common.steps), static_cast<int>(trainer.steps_done()));
  catch_interrupts();
  const TrainingRunOptions options{.checkpoint_every = common.checkpoint_every,
                                   .sample_every = common.sample_every,
                                   .keep = common.keep,
                                   .float16 = !common.float32,
                                   .sweep = {.factors = common.sweep,
                                             .at = common.sweep_at > 0 ? common.sweep_at : common.steps / 2,
                                             .steps = common.sweep_steps},
                                   .report = report,
                                   .settings = settings.dump()};
  run_training(
      trainer, folder, options,
      {.step = [&](const TrainingStep& step) { progress.update(static_cast<int>(step.step), step.losses); },
       .message = [&](const std::string& text) { progress.message(text); },
       .stopped = [] { return interrupted(); }});
  const auto skipped = photographs.skipped();
  if (!skipped.empty()) {
    spdlog::warn("{} of {} pictures could not be read and were skipped, for instance {}", skipped.size(),
                 photographs.files(), skipped.begin()->second);
  }
  if (!trainer.finished()) {
    throw Interrupted(fmt::format("stopped after step {}; go on with --resume {}", trainer.steps_done(),
                                  folder.root().string()));
  }
  spdlog::info("{}: {} steps; {} tells more", folder.weights().string(), trainer.steps_done(),
               folder.report().string());
}

}  // namespace nst::tools
