// What the methods that optimise a picture ask of an optimiser.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "nn/state_dict.h"
#include "tensor/tensor.h"

namespace nst::nn {

// An objective at some x. On a GPU both are still being computed when the host gets them.
struct Evaluation {
  Tensor terms;  // (n), of x's type, where x is: the loss, then whatever the caller wants to be told with it
  Tensor grad;   // of the shape of x; never written to again
};

using Objective = std::function<Evaluation(const Tensor& x)>;

struct MinimiserStep {
  double loss = 0;
  std::vector<double> terms = {};  // of that loss; empty when it is one from before load_state_dict()
  int evaluations = 0;             // of the objective, during this step
  bool converged = false;          // further steps do nothing
  std::string recovery;            // empty, or what went wrong and was undone
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
