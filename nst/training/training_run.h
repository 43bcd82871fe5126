// A whole training run: steps, and everything that is written on the way.
#pragma once

#include <functional>
#include <string>

#include "nst/training/training_folder.h"

namespace nst {

struct TrainingRunOptions {
  int64_t checkpoint_every = 500, sample_every = 500;  // steps
  int64_t keep = 3;                                    // checkpoints
  bool float16 = true;                                 // the trained weights' type on disk
  std::string settings;                                // for the checkpoints: how to make the same run again
};

struct TrainingRunEvents {
  std::function<void(const TrainingStep&)> step{};    // after every step
  std::function<void(const std::string&)> message{};  // remarks
  std::function<bool()> stopped{};                    // asked after every step; true saves and ends the run
};

// Runs `trainer` to its end, or until stopped. Checkpoints and samples are written every so many steps, and
// both, and the weights, at the end. When a step diverges, Diverged is thrown anew with the checkpoint to go
// back to; nothing is written after that step.
void run_training(Trainer& trainer, TrainingFolder& folder, const TrainingRunOptions& options,
                  const TrainingRunEvents& events);

}  // namespace nst
