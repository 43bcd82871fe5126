#include "nst/training/training_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "nn/safetensors.h"
#include "nst/image.h"
#include "nst/training/event_file.h"
#include "nst/training/training_log.h"
#include "tensor/file.h"

namespace nst {
namespace {

constexpr int kSampleQuality = 90;
constexpr size_t kMaxSampleBytes = 64u << 20;
// A loss so many times its running mean, over about kMemory steps, is worth a word.
constexpr double kJump = 30, kMemory = 100;

// Looks out for a loss that leaves its course, which often comes before it is no number any more.
class JumpWatch {
 public:
  // A remark, once for every time it leaves; empty otherwise.
  std::string look(const TrainingStep& step) {
    const double loss = step.losses.front().second;
    const bool jump = seen_ >= kMemory && loss > kJump * mean_;
    std::string remark;
    if (jump && !away_) {
      remark = fmt::format("step {}: the loss is {:.3g}, {:.0f} times what it has been", step.step, loss,
                           loss / mean_);
    }
    away_ = jump;
    ++seen_;
    mean_ += (loss - mean_) / std::min(seen_, kMemory);
    return remark;
  }

 private:
  double mean_ = 0, seen_ = 0;
  bool away_ = false;
};

class TrainingRun {
 public:
  TrainingRun(Trainer& trainer, TrainingFolder& folder, const TrainingRunOptions& options,
              const TrainingRunEvents& events)
      : trainer_(trainer),
        folder_(folder),
        options_(options),
        events_(events),
        log_(folder.log(), trainer.steps_done()),
        event_file_(folder.root(), trainer.steps_done()) {}

  void run() {
    if (trainer_.steps_done() == 0) checkpoint();
    bool stopped = false;
    while (!trainer_.finished() && !stopped) {
      if (sweep_is_due()) sweep();
      step();
      stopped = events_.stopped && events_.stopped();
      if (due(options_.sample_every) && !trainer_.finished()) sample();
      if (due(options_.checkpoint_every) || trainer_.finished() || stopped) checkpoint();
    }
    if (trainer_.finished()) sample();
  }

 private:
  bool due(int64_t every) const { return every > 0 && trainer_.steps_done() % every == 0; }

  void step() {
    TrainingStep step;
    try {
      step = trainer_.step();
    } catch (const Diverged& error) {
      throw Diverged(fmt::format("{}; {} is the last good state", error.what(),
                                 folder_.checkpoint(folder_.checkpoints().back()).string()));
    }
    log_.write(step);
    auto values = step.losses;
    for (auto& [name, value] : values) name = "loss/" + name;
    values.emplace_back("gradient_norm", step.gradient_norm);
    values.emplace_back("learning_rate", step.learning_rate);
    event_file_.scalars(step.step, values);
    if (events_.step) events_.step(step);
    const std::string remark = watch_.look(step);
    if (!remark.empty()) say(remark);
  }

  void checkpoint() {
    folder_.save_checkpoint(trainer_.steps_done(), trainer_.checkpoint(), options_.settings, options_.keep);
    nn::StateDict weights = trainer_.method().weights();
    for (auto& [name, tensor] : weights) tensor = tensor.to(kCpu);
    nn::write_safetensors(folder_.weights(), weights,
                          {.metadata = trainer_.method().metadata(), .float16 = options_.float16});
  }

  void sample() {
    const int64_t step = trainer_.steps_done();
    const Tensor picture = trainer_.sample();
    save_image(folder_.sample(step), picture, {.jpeg_quality = kSampleQuality});
    event_file_.image(step, "sample", read_file(folder_.sample(step), kMaxSampleBytes),
                      {picture.size(1), picture.size(2)});
    write_training_report(folder_, options_.report);
  }

  // A run that was killed during its sweep goes on from a checkpoint before it, and sweeps anew.
  bool sweep_is_due() const {
    return trainer_.steps_done() == options_.sweep.at &&
           folder_.sweep_samples().size() < options_.sweep.factors.size();
  }

  void sweep() {
    const auto& [factors, at, steps] = options_.sweep;
    const nn::StateDict before = trainer_.checkpoint();
    for (const double factor : factors) {
      if (events_.stopped && events_.stopped()) return;
      trainer_.method().set_style_factor(factor);
      try {
        for (int64_t i = 0; i < steps && !trainer_.finished(); ++i) trainer_.step();
        save_image(folder_.sweep_sample(factor), trainer_.sample(), {.jpeg_quality = kSampleQuality});
      } catch (const Diverged& error) {
        say(fmt::format("sweep, style weight times {}: {}", factor, error.what()));
      }
      trainer_.resume(before);
    }
    trainer_.method().set_style_factor(1);
    say(fmt::format("sweep: {} pictures in {}", factors.size(),
                    folder_.sweep_sample(1).parent_path().string()));
  }

  void say(const std::string& text) const {
    if (events_.message) events_.message(text);
  }

  Trainer& trainer_;
  TrainingFolder& folder_;
  const TrainingRunOptions& options_;
  const TrainingRunEvents& events_;
  TrainingLog log_;
  EventFile event_file_;
  JumpWatch watch_;
};

}  // namespace

void run_training(Trainer& trainer, TrainingFolder& folder, const TrainingRunOptions& options,
                  const TrainingRunEvents& events) {
  TrainingRun(trainer, folder, options, events).run();
}

}  // namespace nst
