#include "tools/train_settings.h"

#include <fmt/format.h>
#include <omp.h>
#include <spdlog/spdlog.h>

#include <stdexcept>

#include "nst/image.h"
#include "tensor/ops/elementwise.h"
#include "tools/commands.h"
#include "tools/interrupt.h"
#include "tools/log.h"
#include "tools/option_checks.h"
#include "tools/progress.h"

namespace nst::tools {
namespace {

constexpr size_t kSamplePhotos = 3;

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
  f("seed", s.seed);
  f("checkpoint_every", s.checkpoint_every);
  f("keep", s.keep);
  f("sample_every", s.sample_every);
  f("sample_photos", s.sample_photos);
  f("sample_size", s.sample_size);
  f("float32", s.float32);
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
  for_each_field(settings, [&](const char* name, const auto& field) { json[name] = field; });
  return json;
}

TrainSettings train_settings_from_json(const nlohmann::json& json) {
  TrainSettings settings;
  for_each_field(settings, [&](const char* name, auto& field) {
    try {
      json.at(name).get_to(field);
    } catch (const nlohmann::json::exception&) {
      throw std::invalid_argument(fmt::format("checkpoint: its setting '{}' is missing or damaged", name));
    }
  });
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
          .warmup = s.warmup};
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

void start_train_run(const TrainRunOptions& run) {
  set_verbosity(run.quiet     ? Verbosity::quiet
                : run.json    ? Verbosity::warnings
                : run.verbose ? Verbosity::verbose
                              : Verbosity::normal);
  if (run.threads > 0) omp_set_num_threads(run.threads);
}

void run_and_report(Trainer& trainer, TrainingFolder& folder, const TrainSettings& settings,
                    const TrainRunOptions& run, const std::string& settings_json) {
  Progress progress(run.json    ? ProgressStyle::json
                    : run.quiet ? ProgressStyle::quiet
                                : ProgressStyle::automatic,
                    static_cast<int>(settings.steps), static_cast<int>(trainer.steps_done()));
  catch_interrupts();
  run_training(
      trainer, folder,
      {.checkpoint_every = settings.checkpoint_every,
       .sample_every = settings.sample_every,
       .keep = settings.keep,
       .float16 = !settings.float32,
       .settings = settings_json},
      {.step = [&](const TrainingStep& step) { progress.update(static_cast<int>(step.step), step.losses); },
       .message = [&](const std::string& text) { progress.message(text); },
       .stopped = [] { return interrupted(); }});
  if (!trainer.finished()) {
    throw Interrupted(fmt::format("stopped after step {}; go on with --resume {}", trainer.steps_done(),
                                  folder.root().string()));
  }
  spdlog::info("{}: {} steps", folder.weights().string(), trainer.steps_done());
}

}  // namespace nst::tools
