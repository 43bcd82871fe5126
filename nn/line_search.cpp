#include "nn/line_search.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace nst::nn {
namespace {

// Minimiser, within [low, high], of the cubic through two points' values and slopes; the middle of the
// interval where the cubic has none (N&W, eq. 3.59).
double cubic_minimum(const RayPoint& a, const RayPoint& b, double low, double high) {
  const RayPoint& left = a.t <= b.t ? a : b;
  const RayPoint& right = a.t <= b.t ? b : a;
  const double d1 = left.slope + right.slope - 3 * (left.loss - right.loss) / (left.t - right.t);
  const double square = d1 * d1 - left.slope * right.slope;
  if (!(square >= 0)) return (low + high) / 2;
  const double d2 = std::sqrt(square);
  const double t =
      right.t - (right.t - left.t) * ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2));
  return std::clamp(t, low, high);
}

double cubic_minimum(const RayPoint& a, const RayPoint& b) {
  return cubic_minimum(a, b, std::min(a.t, b.t), std::max(a.t, b.t));
}

}  // namespace

RayPoint strong_wolfe(const std::function<RayPoint(double t)>& evaluate, const RayPoint& start,
                      double first_t, double direction_max, const WolfeOptions& options, int& evaluations) {
  const auto decreases = [&](const RayPoint& p) {
    return p.loss <= start.loss + options.sufficient_decrease * p.t * start.slope;
  };
  const auto flat = [&](const RayPoint& p) { return std::abs(p.slope) <= -options.curvature * start.slope; };
  int used = 0;
  const auto try_at = [&](double t) {
    ++used;
    ++evaluations;
    return evaluate(t);
  };

  // Walk outwards until a bracket holds an acceptable point (algorithm 3.5).
  RayPoint previous = start, point = try_at(first_t), low, high;
  bool bracketed = false;
  for (int i = 0; used <= options.max_evaluations; ++i) {
    if (!decreases(point) || (i > 0 && point.loss >= previous.loss)) {
      low = previous, high = point, bracketed = true;
      break;
    }
    if (flat(point)) return point;
    if (point.slope >= 0) {
      low = previous, high = point, bracketed = true;
      break;
    }
    if (used >= options.max_evaluations) break;
    const double nearest = point.t + 0.01 * (point.t - previous.t), farthest = point.t * 10;
    const double t = cubic_minimum(previous, point, nearest, farthest);
    previous = std::exchange(point, try_at(t));
  }
  if (!bracketed) return point.loss <= start.loss ? point : start;

  // Shrink the bracket (algorithm 3.6); `low` is its better end.
  if (high.loss < low.loss) std::swap(low, high);
  bool no_progress = false;
  while (used < options.max_evaluations) {
    const double near = std::min(low.t, high.t), far = std::max(low.t, high.t), length = far - near;
    if (length * direction_max < options.tolerance_change) break;
    double t = cubic_minimum(low, high);
    // A point close to an end twice in a row, or beyond it, is moved a tenth of the bracket inwards.
    const double edge = 0.1 * length;
    if (std::min(far - t, t - near) < edge) {
      if (no_progress || t >= far || t <= near) {
        t = std::abs(t - far) < std::abs(t - near) ? far - edge : near + edge;
        no_progress = false;
      } else {
        no_progress = true;
      }
    } else {
      no_progress = false;
    }
    point = try_at(t);
    if (!decreases(point) || point.loss >= low.loss) {
      high = point;
      if (high.loss < low.loss) std::swap(low, high);
    } else {
      if (flat(point)) return point;
      if (point.slope * (high.t - low.t) >= 0) high = low;
      low = point;
    }
  }
  return low;
}

}  // namespace nst::nn
