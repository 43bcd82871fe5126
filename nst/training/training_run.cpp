#include "nst/training/training_run.h"

#include <fmt/format.h>

#include "nn/safetensors.h"
#include "nst/image.h"
#include "nst/training/training_log.h"

namespace nst {
namespace {

constexpr int kSampleQuality = 90;

void save_weights(const TrainingFolder& folder, TrainingMethod& method, bool float16) {
  nn::write_safetensors(folder.weights(), method.weights(),
                        {.metadata = method.metadata(), .float16 = float16});
}

std::string way_back(const TrainingFolder& folder) {
  const auto checkpoints = folder.checkpoints();
  if (checkpoints.empty()) return "no checkpoint had been written";
  return fmt::format("{} is the last good state", folder.checkpoint(checkpoints.back()).string());
}

}  // namespace

void run_training(Trainer& trainer, TrainingFolder& folder, const TrainingRunOptions& options,
                  const TrainingRunEvents& events) {
  TrainingLog log(folder.log(), trainer.steps_done());
  TrainingMethod& method = trainer.method();
  const auto due = [&](int64_t every) { return every > 0 && trainer.steps_done() % every == 0; };
  const auto sample = [&] {
    save_image(folder.sample(trainer.steps_done()), method.sample(), {.jpeg_quality = kSampleQuality});
  };
  const auto checkpoint = [&] {
    folder.save_checkpoint(trainer.steps_done(), trainer.checkpoint(), options.settings, options.keep);
  };
  bool stopped = false;
  while (!trainer.finished() && !stopped) {
    TrainingStep step;
    try {
      step = trainer.step();
    } catch (const Diverged& error) {
      throw Diverged(fmt::format("{}; {}", error.what(), way_back(folder)));
    }
    log.write(step);
    if (events.step) events.step(step);
    stopped = events.stopped && events.stopped();
    if (due(options.sample_every) && !trainer.finished()) sample();
    if (due(options.checkpoint_every) || trainer.finished() || stopped) {
      checkpoint();
      save_weights(folder, method, options.float16);
    }
  }
  if (trainer.finished()) {
    sample();
    save_weights(folder, method, options.float16);
  }
}

}  // namespace nst
