// Adam (Kingma & Ba 2015).
#pragma once

#include <string>
#include <vector>

#include "autograd/variable.h"
#include "nn/minimiser.h"

namespace nst::nn {

struct AdamOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;
};

// Keeps two moments per parameter. step(parameters) serves training; as a Minimiser it moves one tensor,
// such as the picture of Gatys' method.
class Adam : public Minimiser {
 public:
  explicit Adam(AdamOptions options = {});

  // One update of every parameter that has a gradient. Call with the same parameters in the same order.
  // `factors`, unless empty, multiply the learning rate of each.
  void step(const std::vector<autograd::Variable*>& parameters, const std::vector<double>& factors = {});
  // The reported loss is the one before the update.
  MinimiserStep step(const Objective& objective, Tensor& x) override;

  void set_learning_rate(double learning_rate) { options_.learning_rate = learning_rate; }
  const AdamOptions& options() const { return options_; }

  // "step", and per parameter i "m.i", "v.i". A moment may be replaced by one of another size (a resampled
  // picture's) between state_dict() and load_state_dict().
  StateDict state_dict() const override;
  void load_state_dict(const StateDict& state) override;

 private:
  struct Moments {
    Tensor m, v;
  };
  void update(size_t index, Tensor& x, const Tensor& grad, double factor = 1);

  AdamOptions options_;
  std::vector<Moments> moments_;
  int64_t steps_ = 0;
};

}  // namespace nst::nn
