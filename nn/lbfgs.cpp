#include "nn/lbfgs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "tensor/ops/elementwise.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/slice.h"

namespace nst::nn {
namespace {

// Below this curvature y . s the pair would spoil the positive definiteness of the approximation.
constexpr double kMinCurvature = 1e-10;
constexpr double kRecoveryFactor = 0.1;
constexpr int kBacktracks = 12;
constexpr double kLengthening = 10;
constexpr double kLongestFirstStep = 1e12;

// The values of tensors (n), one after another. The host waits here, once for all of them, until the device
// has computed them; nothing else in this file waits.
std::vector<double> read(const std::vector<Tensor>& values) {
  return ops::concat(values, 0).to_vector<double>();
}

Tensor scalar(double value) { return Tensor::full({1}, value, DType::float64); }

}  // namespace

Lbfgs::Lbfgs(LbfgsOptions options) : options_(options) {
  if (options_.history < 1)
    throw std::invalid_argument(fmt::format("lbfgs: history must be positive, got {}", options_.history));
  if (!(options_.learning_rate > 0)) throw std::invalid_argument("lbfgs: learning_rate must be positive");
}

RayPoint Lbfgs::read_point(double t, Evaluation evaluation, Ray* ray) const {
  RayPoint point{.t = t, .grad = std::move(evaluation.grad)};
  std::vector<Tensor> values{ops::max_abs(point.grad), ops::norm1(point.grad)};
  if (direction_.defined()) {
    point.y = ops::sub(point.grad, here_.grad);
    values.insert(values.end(), {ops::dot(point.grad, direction_), ops::dot(point.y, direction_),
                                 ops::dot(point.y, point.y)});
  }
  if (ray) values.insert(values.end(), {ops::dot(here_.grad, direction_), ops::max_abs(direction_)});
  values.push_back(evaluation.terms);

  const auto numbers = read(values);
  auto next = numbers.begin();
  point.grad_max = *next++;
  point.grad_sum = *next++;
  if (direction_.defined()) {
    point.slope = *next++;
    point.y_direction = *next++;
    point.y_y = *next++;
  }
  if (ray) {
    ray->slope = *next++;
    ray->longest = *next++;
  }
  point.terms.assign(next, numbers.end());
  point.loss = point.terms.front();
  return point;
}

void Lbfgs::move_to(RayPoint end) {
  const double ys = end.t * end.y_direction;
  if (ys > kMinCurvature) {
    if (pairs_.size() == static_cast<size_t>(options_.history)) pairs_.erase(pairs_.begin());
    scale_ = ys / end.y_y;
    pairs_.push_back({ops::affine(direction_, end.t), std::move(end.y), 1 / ys});
  }
  here_ = std::move(end);
  here_.t = 0;
  here_.y = {};
}

void Lbfgs::forget() {
  pairs_.clear();
  direction_ = {};
  scale_ = 1;
}

bool Lbfgs::is_bad(const RayPoint& point) const {
  return !std::isfinite(point.loss) || !std::isfinite(point.slope) ||
         point.loss > options_.divergence_factor * std::abs(here_.loss);
}

std::optional<RayPoint> Lbfgs::backtrack(const std::function<RayPoint(double)>& evaluate, RayPoint bad,
                                         double slope, int& evaluations) const {
  for (int i = 0; i < kBacktracks; ++i) {
    // The minimum of the parabola through the start's value and slope and the bad end's value.
    const double parabola = -slope * bad.t * bad.t / (2 * (bad.loss - here_.loss - slope * bad.t));
    const double t = std::isfinite(parabola) ? std::clamp(parabola, 0.1 * bad.t, 0.5 * bad.t) : 0.1 * bad.t;
    RayPoint point = evaluate(t);
    ++evaluations;
    if (!is_bad(point) && point.loss < here_.loss) return point;
    bad = std::move(point);
  }
  return std::nullopt;
}

MinimiserStep Lbfgs::recover(Tensor& x, const Tensor& start, MinimiserStep step, const std::string& why) {
  x.copy_from(start);
  forget();
  first_step_ *= kRecoveryFactor;
  step.recovery =
      fmt::format("{}; went back, restarting with a {:g} times shorter step", why, 1 / first_step_);
  return step;
}

MinimiserStep Lbfgs::step(const Objective& objective, Tensor& x) {
  MinimiserStep result;
  const auto at_here = [&] {
    result.loss = here_.loss;
    result.terms = here_.terms;
    return result;
  };
  if (!here_.grad.defined()) {
    RayPoint first = read_point(0, objective(x));
    ++result.evaluations;
    if (!std::isfinite(first.loss))
      throw std::runtime_error("lbfgs: the loss is not a finite number at the start");
    here_ = std::move(first);
  }
  if (here_.grad_max <= options_.tolerance_grad) {
    result.converged = true;
    return at_here();
  }

  const Tensor start = x.clone();
  const auto evaluate = [&](double length, Ray* ray = nullptr) {
    x.copy_from(start);
    ops::axpy(length, direction_, x);
    return read_point(length, objective(x), ray);
  };
  Ray ray;
  RayPoint end;
  bool first_step = false;
  double t = 0;
  const auto set_out = [&] {
    first_step = pairs_.empty();
    t = options_.learning_rate;
    if (first_step) t *= first_step_ * std::min(1.0, 1 / here_.grad_sum);
    if (options_.line_search == LineSearch::none) {
      end = evaluate(t, &ray);
      ++result.evaluations;
    } else {
      const auto values = read({ops::dot(here_.grad, direction_), ops::max_abs(direction_)});
      ray = {values[0], values[1]};
    }
  };
  direction_ = ops::lbfgs_direction(pairs_, scale_, here_.grad);
  set_out();
  if (!(ray.slope < 0)) {  // rounding has spoilt the history: steepest descent is always downhill
    forget();
    direction_ = ops::affine(here_.grad, -1);
    result.recovery = "the quasi-Newton direction pointed uphill; dropped the history";
    set_out();
  }
  if (ray.slope > -options_.tolerance_change) {
    x.copy_from(start);
    result.converged = true;
    return at_here();
  }
  if (options_.line_search == LineSearch::strong_wolfe) {
    RayPoint from = here_;
    from.slope = ray.slope;
    end = strong_wolfe([&](double length) { return evaluate(length); }, from, t, ray.longest,
                       {.tolerance_change = options_.tolerance_change}, result.evaluations);
    x.copy_from(start);
    ops::axpy(end.t, direction_, x);
  }
  if (is_bad(end)) {
    const std::string what = std::isfinite(end.loss) && std::isfinite(end.slope)
                                 ? fmt::format("the loss rose from {:.4g} to {:.4g}", here_.loss, end.loss)
                                 : "the loss is not a number";
    const auto shorter =
        backtrack([&](double length) { return evaluate(length); }, end, ray.slope, result.evaluations);
    if (!shorter) return recover(x, start, at_here(), what);
    result.recovery = fmt::format("{}; shortened the step to {:.2g} of its length", what, shorter->t / t);
    end = *shorter;
  }
  const double change = std::abs(end.loss - here_.loss), length = end.t * ray.longest;
  move_to(std::move(end));
  at_here();
  if (first_step && pairs_.empty() && first_step_ < kLongestFirstStep) {
    // 1/|g|_1 shrinks with the number of elements, until a large picture's first step is lost in rounding
    // and teaches nothing. That is no convergence.
    first_step_ *= kLengthening;
    return result;
  }
  result.converged = change < options_.tolerance_change || length <= options_.tolerance_change;
  return result;
}

StateDict Lbfgs::state_dict() const {
  StateDict state;
  if (!here_.grad.defined()) return state;
  state["loss"] = scalar(here_.loss);
  state["scale"] = scalar(scale_);
  state["first_step"] = scalar(first_step_);
  state["grad"] = here_.grad;
  if (direction_.defined()) state["direction"] = direction_;
  for (size_t i = 0; i < pairs_.size(); ++i) {
    state[fmt::format("pair{:04}.s", i)] = pairs_[i].s;
    state[fmt::format("pair{:04}.y", i)] = pairs_[i].y;
    state[fmt::format("pair{:04}.rho", i)] = scalar(pairs_[i].rho);
  }
  return state;
}

void Lbfgs::load_state_dict(const StateDict& state) {
  forget();
  here_ = {};
  if (state.empty()) return;
  const auto get = [&](const std::string& name) -> const Tensor& {
    const auto found = state.find(name);
    if (found == state.end()) throw std::invalid_argument("lbfgs: the saved state lacks '" + name + "'");
    return found->second;
  };
  here_.loss = get("loss").item();  // its terms, the caller's, were not kept
  here_.grad = get("grad").clone();
  const auto sizes = read({ops::max_abs(here_.grad), ops::norm1(here_.grad)});
  here_.grad_max = sizes[0];
  here_.grad_sum = sizes[1];
  scale_ = get("scale").item();
  first_step_ = get("first_step").item();
  if (state.contains("direction")) direction_ = get("direction").clone();
  for (size_t i = 0; state.contains(fmt::format("pair{:04}.s", i)); ++i) {
    pairs_.push_back({get(fmt::format("pair{:04}.s", i)).clone(), get(fmt::format("pair{:04}.y", i)).clone(),
                      get(fmt::format("pair{:04}.rho", i)).item()});
  }
}

}  // namespace nst::nn
