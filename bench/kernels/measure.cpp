#include "bench/kernels/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cuda/context.h"
#include "tensor/cuda_backend.h"
#include "tensor/profile.h"

namespace nst::bench {
namespace {

using Event = kernels::cuda::UniqueHandle<cudaEvent_t, cudaEventDestroy>;

// While it lives, new tensors are NaN, so that an element which a kernel leaves out is found; or are not, so
// that no other kernel runs.
class Poison {
 public:
  explicit Poison(bool on) { poison_new_tensors(on); }
  ~Poison() { poison_new_tensors(before_); }

 private:
  const bool before_ = poisoning_new_tensors();
};

// Times single runs with events. Before each, memory of twice L2's size is written: it pushes everything else
// out, and takes long enough for the host to have queued the run before the device gets there, so that what
// lies between the events is the device's time alone.
class Stopwatch {
 public:
  Stopwatch() : context_(cuda_context(kCuda)) {
    CUDA_CHECK(cudaEventCreate(begin_.out()));
    CUDA_CHECK(cudaEventCreate(end_.out()));
    constexpr int64_t kLeast = 1 << 20;
    flushed_ = Tensor::empty({std::max(kLeast, 2 * context_.l2_bytes()) / 4}, DType::float32, kCuda);
  }

  double seconds(const Run& run) {
    CUDA_CHECK(cudaMemsetAsync(flushed_.mutable_raw(), 0, flushed_.bytes(), context_.stream()));
    CUDA_CHECK(cudaEventRecord(begin_.get(), context_.stream()));
    const auto outputs = run();
    CUDA_CHECK(cudaEventRecord(end_.get(), context_.stream()));
    CUDA_CHECK(cudaEventSynchronize(end_.get()));
    float milliseconds = 0;
    CUDA_CHECK(cudaEventElapsedTime(&milliseconds, begin_.get(), end_.get()));
    return milliseconds * 1e-3;
  }

 private:
  const kernels::CudaContext& context_;
  Event begin_, end_;
  Tensor flushed_;
};

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

Work reported_work(const Run& run) {
  const Poison poison(false);
  Profile profile;
  run();
  Work work;
  for (const OpEvent& event : profile.events()) work.flops += event.flops, work.bytes += event.bytes;
  return work;
}

// A way that has passed the check.
struct Candidate {
  const Way* way;
  Run run;
  int runs = 1;  // in a round
  Result* result;
  std::vector<double> medians = {};
};

// Checks the way, and counts its work; says in result.refusal what is wrong with it.
Run checked(const Way& way, const std::vector<Tensor>& reference, Result& result) {
  set_math_mode(kCuda, way.math);
  const Run run = way.make();
  std::vector<Tensor> outputs;
  {
    const Poison poison(true);
    outputs = run();
  }
  if (way.complete) way.complete(outputs);
  result.error = relative_error(outputs, reference);
  if (!(result.error <= way.tolerance)) {
    result.refusal = fmt::format("wrong: error {:.1e}, {:.1e} allowed", result.error, way.tolerance);
    return {};
  }
  result.work = way.work ? *way.work : reported_work(run);
  return run;
}

}  // namespace

double relative_error(const std::vector<Tensor>& outputs, const std::vector<Tensor>& reference) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  if (outputs.size() != reference.size()) return kNaN;
  double worst = 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].shape() != reference[i].shape()) return kNaN;
    const auto a = outputs[i].to_vector<double>(), b = reference[i].to_vector<double>();
    double largest = 0, difference = 0;
    for (size_t j = 0; j < a.size(); ++j) {
      if (!std::isfinite(a[j]) || !std::isfinite(b[j])) return kNaN;
      largest = std::max(largest, std::abs(b[j]));
      difference = std::max(difference, std::abs(a[j] - b[j]));
    }
    worst = std::max(worst, largest > 0 ? difference / largest : difference);
  }
  return worst;
}

std::vector<Result> measure(const Problem& problem, const Effort& effort) {
  const auto reference = problem.reference();
  std::vector<Result> results(problem.ways.size());
  std::vector<Candidate> candidates;
  Stopwatch stopwatch;
  for (size_t i = 0; i < problem.ways.size(); ++i) {
    const Way& way = problem.ways[i];
    Result& result = results[i];
    result = {.suite = problem.suite,
              .table = problem.table,
              .kernel = problem.kernel,
              .shape = problem.shape,
              .way = way.name,
              .math = way.math,
              .library = way.library};
    try {
      Run run = checked(way, reference, result);
      if (!run) continue;
      // A library's function is no op of ours, but does what they do.
      if (result.work.bytes == 0) result.work = results.front().work;
      const double once = std::max(stopwatch.seconds(run), 1e-7);
      const int runs = static_cast<int>(std::clamp(effort.seconds / once, 1.0, double(effort.most_runs)));
      candidates.push_back({&way, std::move(run), runs, &result});
    } catch (const std::exception& error) {
      result.refusal = error.what();
    }
  }
  for (int round = 0; round < effort.rounds; ++round) {
    for (Candidate& candidate : candidates) {
      set_math_mode(kCuda, candidate.way->math);
      std::vector<double> seconds;
      for (int i = 0; i < candidate.runs; ++i) seconds.push_back(stopwatch.seconds(candidate.run));
      candidate.medians.push_back(median(std::move(seconds)));
    }
  }
  for (const Candidate& candidate : candidates) {
    const auto [fastest, slowest] = std::ranges::minmax(candidate.medians);
    candidate.result->seconds = median(candidate.medians);
    candidate.result->fastest = fastest;
    candidate.result->slowest = slowest;
  }
  set_math_mode(kCuda, MathMode::fp32);
  return results;
}

}  // namespace nst::bench
