// What a training run leaves behind, in a folder of its own:
//   checkpoints/00000500.safetensors   the last few, each the whole state of the run
//   weights.safetensors                the trained network
//   samples/00000500.jpg               what it did by then
//   sweep/0.5.jpg                      what it did when the style's weight was halved for a while
//   log.jsonl                          the losses of every step, one JSON object a line
//   events.out.tfevents.*              the same, and the samples, for TensorBoard
//   report.html                        all of it on a page
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "nn/weight_file.h"
#include "nst/training/trainer.h"

namespace nst {

class TrainingFolder {
 public:
  // Creates what is missing of the folders. Throws std::runtime_error when it cannot be written.
  explicit TrainingFolder(std::filesystem::path root);

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path weights() const { return root_ / "weights.safetensors"; }
  std::filesystem::path log() const { return root_ / "log.jsonl"; }
  std::filesystem::path report() const { return root_ / "report.html"; }
  std::filesystem::path sample(int64_t step) const;
  std::filesystem::path sweep_sample(double factor) const;
  std::filesystem::path checkpoint(int64_t step) const;

  // The steps of which there are checkpoints, or samples, rising.
  std::vector<int64_t> checkpoints() const;
  std::vector<int64_t> samples() const;

  // The factors and pictures of a sweep, rising.
  std::vector<std::pair<double, std::filesystem::path>> sweep_samples() const;

  // Writes a checkpoint, then removes all but the newest `keep`. A kill at any moment leaves the checkpoints
  // before it, whole.
  void save_checkpoint(int64_t step, const nn::StateDict& state, const std::string& settings, int64_t keep);

 private:
  std::filesystem::path root_;
};

// The newest checkpoint that can be read; damaged ones, which a failing disk may leave, are passed over.
struct TrainingCheckpoint {
  std::filesystem::path path;
  nn::StateDict state;
  std::string settings;  // as save_checkpoint was given them
};
// Throws std::runtime_error when there is none.
TrainingCheckpoint newest_checkpoint(const std::filesystem::path& root);

}  // namespace nst
