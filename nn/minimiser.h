// What the methods that optimise a picture ask of an optimiser.
#pragma once

#include <functional>
#include <string>

#include "nn/state_dict.h"
#include "tensor/tensor.h"

namespace nst::nn {

struct Evaluation {
  double loss = 0;
  Tensor grad;  // of the shape of x
};

// The loss and its gradient at x.
using Objective = std::function<Evaluation(const Tensor& x)>;

struct MinimiserStep {
  double loss = 0;
  int evaluations = 0;     // of the objective, during this step
  bool converged = false;  // further steps do nothing
  std::string recovery;    // empty, or what went wrong and was undone
};

// Minimises an objective over one tensor, a step at a time.
class Minimiser {
 public:
  virtual ~Minimiser() = default;
  virtual MinimiserStep step(const Objective& objective, Tensor& x) = 0;
  // Everything needed to go on exactly as if never stopped, as named tensors; and back.
  virtual StateDict state_dict() const = 0;
  virtual void load_state_dict(const StateDict& state) = 0;
};

}  // namespace nst::nn
