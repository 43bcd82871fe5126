// L-BFGS (Liu & Nocedal 1989; Nocedal & Wright 2006, algorithms 7.4 and 7.5): quasi-Newton steps from the
// last few changes of position and gradient.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nn/line_search.h"
#include "nn/minimiser.h"
#include "tensor/ops/lbfgs.h"

namespace nst::nn {

enum class LineSearch {
  none,          // a step of learning_rate, as in Gatys' and Johnson's programs: one evaluation an iteration
  strong_wolfe,  // N&W algorithms 3.5 and 3.6 with cubic interpolation, c1 = 1e-4, c2 = 0.9
};

struct LbfgsOptions {
  int history = 100;  // pairs of changes kept; each costs twice the memory of x
  double learning_rate = 1;
  LineSearch line_search = LineSearch::none;
  double tolerance_grad = 1e-7;    // converged when no element of the gradient is larger
  double tolerance_change = 1e-9;  // ... or when neither x nor the loss moves by more
  double divergence_factor = 2;    // a loss beyond this many times the last one is a bad step
};

// Minimises an objective over one tensor. The first step is learning_rate * min(1, 1/|g|_1) along the
// negative gradient. Without a line search a step may raise the loss a little, as in the programs it follows;
// a bad one (the loss is not a number, or rose past divergence_factor) is shortened until the loss falls.
// Where no length helps, x goes back, the history is dropped and the next step is ten times shorter than a
// first one. step() says when either happened.
//
// Whatever is computed from the tensors stays where they are; the host waits for it once an iteration, after
// everything has been queued. So the step is taken before it is known whether its direction leads downhill,
// and taken back when it does not. A line search waits once more, for the slope, and for each of its
// evaluations, as does a bad step.
class Lbfgs : public Minimiser {
 public:
  explicit Lbfgs(LbfgsOptions options = {});

  // Moves x one iteration on; the loss is the one after it. The first call evaluates the objective at x too.
  MinimiserStep step(const Objective& objective, Tensor& x) override;

  StateDict state_dict() const override;
  void load_state_dict(const StateDict& state) override;

 private:
  // What the host knows of a direction.
  struct Ray {
    double slope = 0;    // gradient . direction
    double longest = 0;  // the direction's largest element, absolute
  };

  // What there is to know of the point at x, `t` along direction_ from here_; with `ray`, of the direction
  // too.
  RayPoint read_point(double t, Evaluation evaluation, Ray* ray = nullptr) const;
  // Makes the point here_, and learns from the step to it.
  void move_to(RayPoint end);
  void forget();
  bool is_bad(const RayPoint& point) const;
  // Shortens a bad step until the loss falls; nothing when no length helps.
  std::optional<RayPoint> backtrack(const std::function<RayPoint(double)>& evaluate, RayPoint bad,
                                    double slope, int& evaluations) const;
  MinimiserStep recover(Tensor& x, const Tensor& start, MinimiserStep step, const std::string& why);

  LbfgsOptions options_;
  std::vector<ops::LbfgsPair> pairs_;  // the oldest first
  RayPoint here_;                      // x, at t = 0; before the first step there is no grad
  Tensor direction_;                   // of the last step
  double scale_ = 1;                   // H0 = scale_ * I
  double first_step_ = 1;  // factor on a first step: recoveries shorten it, steps without effect lengthen it
};

}  // namespace nst::nn
