// What every `nst train METHOD` has in common: the data set, the steps, what is written and when.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nst/training/picture_stream.h"
#include "nst/training/training_run.h"
#include "tools/device_option.h"

namespace nst::tools {

// Kept in checkpoints, as JSON.
struct TrainSettings {
  std::string photos;
  int64_t crop = 256;
  std::vector<int64_t> resize;  // shorter side before cropping: one length or two, between which it is drawn
  bool flip = true;
  int64_t batch = 4, accumulate = 1;
  int64_t steps = 40000;
  double learning_rate = 1e-3;
  std::string schedule = "constant";
  int64_t warmup = 100;
  double max_gradient_norm = 0;
  uint64_t seed = 0;
  int64_t checkpoint_every = 500, keep = 3, sample_every = 500;
  std::vector<double> sweep;
  int64_t sweep_at = 0, sweep_steps = 100;  // sweep_at 0: in the middle
  std::vector<std::string> sample_photos;
  int64_t sample_size = 256;
  bool float32 = false;
  std::string data_set;  // the photographs' fingerprint, to know them by when the run goes on
};

// What is no part of the result, and may differ when a run goes on.
struct TrainRunOptions {
  std::string out, resume;
  DeviceOptions device;
  int threads = 0;
  int64_t decode_threads = 1;
  bool json = false, quiet = false, verbose = false;
};

// Declares the options, bound to the settings, on a sub-command of `nst train`.
void add_train_options(CLI::App& command, TrainSettings& settings, TrainRunOptions& run);

nlohmann::ordered_json to_json(const TrainSettings& settings);
// Throws std::invalid_argument naming what is missing or of the wrong type.
TrainSettings train_settings_from_json(const nlohmann::json& json);

StreamOptions stream_options(const TrainSettings& settings, const TrainRunOptions& run);
TrainerOptions trainer_options(const TrainSettings& settings);
// The pictures that samples are made from: --sample-photo's, or the data set's first three. (1, H, W, 3),
// 0..255.
std::vector<Tensor> load_samples(const TrainSettings& settings,
                                 const std::vector<std::filesystem::path>& photographs);
// A picture in 0..255 whose longer side is `size`.
Tensor load_picture(const std::string& path, int64_t size);

// To be called first: settles the run's verbosity and threads. With --resume, the newest checkpoint of the
// run in that folder, which becomes --out too; throws std::invalid_argument when the command line has an
// option that the checkpoint settles, std::runtime_error when there is no checkpoint.
std::optional<TrainingCheckpoint> start_train_run(const CLI::App& command, TrainRunOptions& run);
// Calls `read` with its settings, which are to be those of nst train `method`; throws std::runtime_error
// naming the file when they are not, or `read` throws.
void read_checkpoint_settings(const TrainingCheckpoint& checkpoint, std::string_view method,
                              const std::function<void(const nlohmann::json& settings)>& read);
// Puts its state into the trainer; throws std::runtime_error naming the file when it does not fit.
void resume_from(const TrainingCheckpoint& checkpoint, Trainer& trainer);
// `settings` become the checkpoint's, but for what may be told anew: the number of steps, what is written
// when.
void take_over(const CLI::App& command, const TrainSettings& given, TrainSettings& settings);
template <class MethodSettings>
void go_on_with(const CLI::App& command, const MethodSettings& of_checkpoint, MethodSettings& settings) {
  const TrainSettings given = settings.common;
  settings = of_checkpoint;
  take_over(command, given, settings.common);
}
// Throws std::invalid_argument when --photos, the method's own `style_option` or --out was not given, or
// --out holds a run already.
void check_needed(const CLI::App& command, const TrainSettings& settings, const TrainRunOptions& run,
                  std::string_view style_option, bool style_given);
// The photographs; throws std::runtime_error when a run that goes on began with others. Notes their
// fingerprint in the settings.
std::vector<std::filesystem::path> find_photographs(TrainSettings& settings);
// Runs to the end, with progress on the way and Ctrl-C caught; throws Interrupted after that. `settings` are
// the method's, all of them.
void run_and_report(Trainer& trainer, TrainingFolder& folder, PictureStream& photographs,
                    const TrainSettings& common, const TrainRunOptions& run,
                    const nlohmann::ordered_json& settings);

}  // namespace nst::tools
