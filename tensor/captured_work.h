// Work that is done again and again, always the same on the same shapes, such as the evaluation of an
// objective: on a CUDA device it is captured into a graph once and replayed with a single call. On a small
// picture the launches of its hundreds of kernels would take longer than the kernels.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tensor/cuda_backend.h"
#include "tensor/tensor.h"

namespace nst {

// The first run is an ordinary one: it packs weights and grows scratch memory. The second is one too, and
// measures; the third captures. A graph holds addresses, so
// - all that the work allocates comes from one range of the device's pool that belongs to this object, laid
//   out as the second run was. (CUDA could allocate within the graph; but that memory is the driver's, in no
//   statistics of ours, and would stand beside what the pool holds already.)
// - tensors it only uses, and scratch memory, live as long as the graph;
// - it gets its input in a tensor that is overwritten between runs.
// Replays give the same bits. On the CPU, or under a Profile, every run does the work.
class CapturedWork {
 public:
  using Work = std::function<std::vector<Tensor>()>;

  // With `capture` off, every run does the work.
  explicit CapturedWork(Device device, bool capture = true);

  // Does `work`, the same in each call, and returns its results; the next run overwrites them. The work must
  // not wait for the device, and once captured it no longer looks at anything but its tensors' elements.
  std::vector<Tensor> run(const Work& work);

  // Whether runs are replays now.
  bool captured() const { return graph_ != nullptr; }
  // Why a capture failed; empty when none did. Every run does the work from then on: slower, with the same
  // results.
  const std::string& problem() const { return problem_; }

 private:
  Device device_;
  bool capture_;
  int runs_ = 0;                 // that were ordinary
  size_t bytes_ = 0;             // as the second run was measured
  std::vector<Tensor> results_;  // of the graph
  std::unique_ptr<CudaGraph> graph_;
  std::string problem_;
};

}  // namespace nst
