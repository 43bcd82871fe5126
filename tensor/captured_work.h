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
// - it gets its argument in a tensor of its own, into which each run copies.
// A change of the device's math mode or of its convolutions' back-end begins anew: the graph's kernels were
// chosen under the old one.
// Replays give the same bits. On the CPU, or under a Profile, every run does the work, on the argument
// itself.
class CapturedWork {
 public:
  using Work = std::function<std::vector<Tensor>(const Tensor& x)>;

  // With `capture` off, every run does the work.
  explicit CapturedWork(Device device, bool capture = true);

  // work(x), which must be the same work in each call, on an x of the same shape and type; the results are
  // the caller's. It must not wait for the device, and once captured it no longer looks at anything but its
  // tensors' elements.
  std::vector<Tensor> run(const Tensor& x, const Work& work);

  // Whether runs are replays now.
  bool captured() const { return graph_ != nullptr; }
  // Why a capture failed; empty when none did. Every run does the work from then on: slower, with the same
  // results.
  const std::string& problem() const { return problem_; }

 private:
  struct Settings {
    MathMode math = MathMode::fp32;
    ConvBackend conv = ConvBackend::own;
    bool operator==(const Settings&) const = default;
  };

  Device device_;
  bool capture_;
  Settings settings_;            // of the device, at the runs so far
  int runs_ = 0;                 // that were ordinary, under these settings
  Tensor x_;                     // the argument of all but ordinary runs
  size_t bytes_ = 0;             // as the second run was measured
  std::vector<Tensor> results_;  // of the graph
  std::unique_ptr<CudaGraph> graph_;
  std::string problem_;
};

}  // namespace nst
