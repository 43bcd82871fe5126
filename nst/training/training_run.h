// A whole training run: steps, and everything that is written on the way.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "nst/training/training_folder.h"
#include "nst/training/training_report.h"

namespace nst {

// In the middle of a run, for each of some factors: train for a while with the style's weight multiplied by
// it, keep a sample, go back. It costs its steps and changes nothing, and shows what other weights would do.
struct StyleSweep {
  std::vector<double> factors = {};  // none: no sweep
  int64_t at = 0;                    // after this step
  int64_t steps = 100;               // for each factor
};

struct TrainingRunOptions {
  int64_t checkpoint_every = 500, sample_every = 500;  // steps
  int64_t keep = 3;                                    // checkpoints
  bool float16 = true;                                 // the trained weights' type on disk
  StyleSweep sweep = {};
  TrainingReport report = {};
  std::string settings = {};  // for the checkpoints: how to make the same run again
};

struct TrainingRunEvents {
  std::function<void(const TrainingStep&)> step{};    // after every step
  std::function<void(const std::string&)> message{};  // remarks
  std::function<bool()> stopped{};                    // asked after every step; true saves and ends the run
};

// Runs `trainer` to its end, or until stopped. Checkpoints, with the weights so far, and samples, with the
// report, are written every so many steps, and all of them at the end; the first checkpoint comes before the
// first step, so that a run killed at any moment can go on. When a step diverges, Diverged is thrown anew
// with the checkpoint to go back to; nothing is written after that step.
void run_training(Trainer& trainer, TrainingFolder& folder, const TrainingRunOptions& options,
                  const TrainingRunEvents& events);

}  // namespace nst
