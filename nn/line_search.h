// A line search for the strong Wolfe conditions.
#pragma once

#include <functional>
#include <vector>

#include "tensor/tensor.h"

namespace nst::nn {

// The objective along a ray: its value, slope and gradient at step length t.
struct RayPoint {
  double t = 0;
  double loss = 0;
  double slope = 0;  // gradient . direction
  Tensor grad = {};

  // No concern of the search: what an optimiser learns from the point it ends at. All numbers of a point are
  // read together, so that the host waits for the device once.
  std::vector<double> terms = {};     // the objective's (minimiser.h)
  double grad_max = 0, grad_sum = 0;  // the gradient's largest element and the sum of all, both absolute
  Tensor y = {};                      // the change of the gradient since the start of the ray
  double y_direction = 0, y_y = 0;    // y . direction, y . y
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
