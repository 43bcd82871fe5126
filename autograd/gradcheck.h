// Checks a differentiable function against central differences.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "autograd/variable.h"

namespace nst::autograd {

using DifferentiableFn = std::function<Variable(const std::vector<Variable>& inputs)>;

struct GradcheckOptions {
  double step = 1e-6;       // half the distance of the two evaluations
  double tolerance = 1e-6;  // of |analytic - numeric| / max(1, |analytic|, |numeric|)
  uint64_t seed = 1;        // of the random output weights
};

struct GradcheckResult {
  bool ok = false;      // false also when any value was NaN
  double worst = 0;     // the largest scaled difference seen
  std::string message;  // where it was, for a failing check
};

// Compares the gradient of sum(weights * fn(inputs)), for fixed random weights, with central differences
// with respect to every element of every input. Inputs must be float64 and lie away from kinks.
// Throws std::invalid_argument when they are not float64.
GradcheckResult gradcheck(const DifferentiableFn& fn, const std::vector<Tensor>& inputs,
                          const GradcheckOptions& options = {});

}  // namespace nst::autograd
