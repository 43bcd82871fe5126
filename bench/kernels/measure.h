// Checks a way of computing something against the reference, and only then times it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/kernels/problem.h"

namespace nst::bench {

struct Effort {
  int rounds = 5;         // every way once a round, so that a drift of the clocks meets them all
  double seconds = 0.02;  // of a way's runs in one round
  int most_runs = 50;     // in one round
};

struct Result {
  std::string suite, table, kernel, shape, way;
  MathMode math = MathMode::fp32;
  bool library = false;
  double error = 0;          // against the reference, relative to the largest result
  std::string refusal = {};  // why it was not timed; empty if it was
  // Of one run on a device whose L2 holds nothing of ours: the median of the rounds' medians, and the fastest
  // and the slowest of these.
  double seconds = 0, fastest = 0, slowest = 0;
  Work work = {};
};

// All ways of a problem. A way that is wrong, or throws, is not timed but says why.
std::vector<Result> measure(const Problem& problem, const Effort& effort);

// max |a - b| / max |b| of each output, the worst of them; NaN when an element is not finite or a shape
// differs.
double relative_error(const std::vector<Tensor>& outputs, const std::vector<Tensor>& reference);

}  // namespace nst::bench
