// The training loop, the same for every method: gradients of one or more micro-batches, a check that they are
// numbers, a step of Adam.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nn/adam.h"
#include "nst/training/training_method.h"
#include "tensor/memory_plan.h"

namespace nst {

// How the learning rate goes on from its first value r, at step t of T, both from 0:
enum class LearningRateSchedule {
  constant,      // r
  cosine,        // r (1 + cos(pi t / T)) / 2, but at least r / 100 (Loshchilov & Hutter 2017)
  inverse_time,  // r / (1 + 5e-5 t), AdaIN's
};
std::span<const std::string_view> learning_rate_schedule_names();
std::string_view name_of(LearningRateSchedule schedule);
LearningRateSchedule parse_learning_rate_schedule(std::string_view name);

struct TrainerOptions {
  int64_t steps = 40000;
  int64_t accumulate = 1;  // micro-batches whose mean gradient makes a step
  nn::AdamOptions adam = {};
  LearningRateSchedule schedule = LearningRateSchedule::constant;
  // Steps over which the learning rate rises to the schedule's. Adam's first steps are as long as it whatever
  // the gradient, which may throw a network far off, and its memory of what follows keeps it slow.
  int64_t warmup = 0;
  // A gradient that is longer, over all parameters, is shortened to it (Pascanu et al. 2013); 0: none is. A
  // few batches have gradients many times the others', which Adam would remember for a thousand steps.
  double max_gradient_norm = 0;
};

struct TrainingStep {
  int64_t step = 0;  // 1 after the first
  // Before the step, the mean over its micro-batches: "total", then the method's terms.
  std::vector<std::pair<std::string, double>> losses;
  double gradient_norm = 0;  // before it was shortened
  double learning_rate = 0;
  double seconds = 0;  // of computing since the run began, earlier parts of a resumed one included
};

// Thrown by a step whose loss or gradient is not finite. The parameters are as they were before it.
struct Diverged : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Trainer {
 public:
  // `method` must outlive this. Throws std::invalid_argument on counts that are not positive.
  Trainer(TrainingMethod& method, const TrainerOptions& options);

  // One step; call while !finished().
  TrainingStep step();
  int64_t steps_done() const { return steps_done_; }
  bool finished() const { return steps_done_ >= options_.steps; }
  const TrainerOptions& options() const { return options_; }
  TrainingMethod& method() { return method_; }
  // The method's sample. Its maps are of other sizes than a step's, whose memory they may have meanwhile.
  Tensor sample();

  // A copy of the whole state, on the CPU; loaded into a trainer made with the same arguments it goes on to
  // the bit. Throws std::invalid_argument when it does not fit.
  nn::StateDict checkpoint() const;
  void resume(const nn::StateDict& checkpoint);

 private:
  double learning_rate() const;

  TrainingMethod& method_;
  TrainerOptions options_;
  nn::Adam adam_;
  MemoryPlan memory_plan_;  // of a micro-batch's losses and gradients on the CPU
  int64_t steps_done_ = 0;
  double seconds_ = 0;
};

}  // namespace nst
