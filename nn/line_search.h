// A line search for the strong Wolfe conditions.
#pragma once

#include <functional>

#include "tensor/tensor.h"

namespace nst::nn {

// The objective along a ray: its value, slope and gradient at step length t.
struct RayPoint {
  double t = 0;
  double loss = 0;
  double slope = 0;  // gradient . direction
  Tensor grad;
};

struct WolfeOptions {
  double sufficient_decrease = 1e-4;  // c1
  double curvature = 0.9;             // c2
  double tolerance_change = 1e-9;     // of the bracket's length times |direction|_inf
  int max_evaluations = 25;
};

// Finds t > 0 with loss(t) <= loss(0) + c1 t slope(0) and |slope(t)| <= c2 |slope(0)|, starting from
// `first_t` (Nocedal & Wright 2006, algorithms 3.5 and 3.6; the interpolation and its safeguards follow
// Schmidt's minFunc). Returns the best point found when the evaluations run out. `evaluations` is increased.
RayPoint strong_wolfe(const std::function<RayPoint(double t)>& evaluate, const RayPoint& start,
                      double first_t, double direction_max, const WolfeOptions& options, int& evaluations);

}  // namespace nst::nn
