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

// The values of tensors of one element. The host waits here, once for all of them, until the device has
// computed them; nothing else in this file waits.
std::vector<double> read(std::initializer_list<Tensor> scalars) {
  return ops::concat(std::vector<Tensor>(scalars), 0).to_vector<double>();
}

Tensor scalar(double value) { return Tensor::full({1}, value, DType::float64); }

}  // namespace

Lbfgs::Lbfgs(LbfgsOptions options) : options_(options) {
  if (options_.history < 1)
    throw std::invalid_argument(fmt::format("lbfgs: history must be positive, got {}", options_.history));
  if (!(options_.learning_rate > 0)) throw std::invalid_argument("lbfgs: learning_rate must be positive");
}

// -H g by the two-loop recursion (N&W algorithm 7.4). Its hundreds of dot products stay where they are
// computed: what is there called alpha is rho (s . q), and beta rho (y . r).
Tensor Lbfgs::direction() const {
  Tensor q = ops::affine(grad_, -1);
  std::vector<Tensor> sq(pairs_.size());
  for (size_t i = pairs_.size(); i-- > 0;) {
    sq[i] = ops::dot(pairs_[i].s, q);
    ops::axpy_by(-pairs_[i].rho, sq[i], {}, pairs_[i].y, q);
  }
  Tensor r = ops::affine(q, scale_);
  for (size_t i = 0; i < pairs_.size(); ++i) {
    ops::axpy_by(pairs_[i].rho, sq[i], ops::dot(pairs_[i].y, r), pairs_[i].s, r);
  }
  return r;
}

// Learns from the step of `step_length` along direction_, whose end has gradient new_grad.
void Lbfgs::remember(const Tensor& new_grad, double step_length) {
  Tensor y = ops::sub(new_grad, grad_);
  const auto products = read({ops::dot(y, direction_), ops::dot(y, y)});
  const double ys = step_length * products[0];
  grad_ = new_grad;
  if (!(ys > kMinCurvature)) return;
  if (pairs_.size() == static_cast<size_t>(options_.history)) pairs_.pop_front();
  scale_ = ys / products[1];
  pairs_.push_back({ops::affine(direction_, step_length), std::move(y), 1 / ys});
}

void Lbfgs::forget() {
  pairs_.clear();
  direction_ = {};
  scale_ = 1;
}

bool Lbfgs::is_bad(const RayPoint& point) const {
  return !std::isfinite(point.loss) || !std::isfinite(point.slope) ||
         point.loss > options_.divergence_factor * std::abs(loss_);
}

std::optional<RayPoint> Lbfgs::backtrack(const std::function<RayPoint(double)>& evaluate, RayPoint bad,
                                         double slope, int& evaluations) const {
  for (int i = 0; i < kBacktracks; ++i) {
    // The minimum of the parabola through the start's value and slope and the bad end's value.
    const double parabola = -slope * bad.t * bad.t / (2 * (bad.loss - loss_ - slope * bad.t));
    const double t = std::isfinite(parabola) ? std::clamp(parabola, 0.1 * bad.t, 0.5 * bad.t) : 0.1 * bad.t;
    RayPoint point = evaluate(t);
    ++evaluations;
    if (!is_bad(point) && point.loss < loss_) return point;
    bad = std::move(point);
  }
  return std::nullopt;
}

MinimiserStep Lbfgs::recover(Tensor& x, const Tensor& start, MinimiserStep step, const std::string& why) {
  x.copy_from(start);
  forget();
  first_step_ *= kRecoveryFactor;
  step.loss = loss_;
  step.recovery =
      fmt::format("{}; went back, restarting with a {:g} times shorter step", why, 1 / first_step_);
  return step;
}

MinimiserStep Lbfgs::step(const Objective& objective, Tensor& x) {
  MinimiserStep result;
  if (!grad_.defined()) {
    Evaluation first = objective(x);
    ++result.evaluations;
    if (!std::isfinite(first.loss))
      throw std::runtime_error("lbfgs: the loss is not a finite number at the start");
    loss_ = first.loss;
    grad_ = std::move(first.grad);
  }
  result.loss = loss_;
  Tensor next = direction();
  const auto sizes =
      read({ops::max_abs(grad_), ops::dot(grad_, next), ops::max_abs(next), ops::norm1(grad_)});
  if (sizes[0] <= options_.tolerance_grad) {
    result.converged = true;
    return result;
  }

  direction_ = std::move(next);
  double slope = sizes[1], direction_max = sizes[2];
  if (!(slope < 0)) {  // rounding has spoilt the history: steepest descent is always downhill
    forget();
    direction_ = ops::affine(grad_, -1);
    slope = read({ops::dot(grad_, direction_)})[0];
    direction_max = sizes[0];
    result.recovery = "the quasi-Newton direction pointed uphill; dropped the history";
  }
  if (slope > -options_.tolerance_change) {
    result.converged = true;
    return result;
  }
  double t = options_.learning_rate;
  const bool first_step = pairs_.empty();
  if (first_step) t *= first_step_ * std::min(1.0, 1 / sizes[3]);

  const Tensor start = x.clone();
  const auto evaluate = [&](double length) {
    x.copy_from(start);
    ops::axpy(length, direction_, x);
    Evaluation e = objective(x);
    const double along = read({ops::dot(e.grad, direction_)})[0];
    return RayPoint{length, e.loss, along, std::move(e.grad)};
  };
  RayPoint end;
  if (options_.line_search == LineSearch::strong_wolfe) {
    end = strong_wolfe(evaluate, {0, loss_, slope, grad_}, t, direction_max,
                       {.tolerance_change = options_.tolerance_change}, result.evaluations);
    x.copy_from(start);
    ops::axpy(end.t, direction_, x);
  } else {
    end = evaluate(t);
    ++result.evaluations;
  }
  if (is_bad(end)) {
    const std::string what = std::isfinite(end.loss) && std::isfinite(end.slope)
                                 ? fmt::format("the loss rose from {:.4g} to {:.4g}", loss_, end.loss)
                                 : "the loss is not a number";
    const auto shorter = backtrack(evaluate, end, slope, result.evaluations);
    if (!shorter) return recover(x, start, result, what);
    result.recovery = fmt::format("{}; shortened the step to {:.2g} of its length", what, shorter->t / t);
    end = *shorter;
  }
  const double change = std::abs(end.loss - std::exchange(loss_, end.loss));
  remember(end.grad, end.t);
  result.loss = loss_;
  if (first_step && pairs_.empty() && first_step_ < kLongestFirstStep) {
    // 1/|g|_1 shrinks with the number of elements, until a large picture's first step is lost in rounding
    // and teaches nothing. That is no convergence.
    first_step_ *= kLengthening;
    return result;
  }
  result.converged = change < options_.tolerance_change || end.t * direction_max <= options_.tolerance_change;
  return result;
}

StateDict Lbfgs::state_dict() const {
  StateDict state;
  if (!grad_.defined()) return state;
  state["loss"] = scalar(loss_);
  state["scale"] = scalar(scale_);
  state["first_step"] = scalar(first_step_);
  state["grad"] = grad_;
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
  grad_ = {};
  if (state.empty()) return;
  const auto get = [&](const std::string& name) -> const Tensor& {
    const auto found = state.find(name);
    if (found == state.end()) throw std::invalid_argument("lbfgs: the saved state lacks '" + name + "'");
    return found->second;
  };
  loss_ = get("loss").item();
  scale_ = get("scale").item();
  first_step_ = get("first_step").item();
  grad_ = get("grad").clone();
  if (state.contains("direction")) direction_ = get("direction").clone();
  for (size_t i = 0; state.contains(fmt::format("pair{:04}.s", i)); ++i) {
    pairs_.push_back({get(fmt::format("pair{:04}.s", i)).clone(), get(fmt::format("pair{:04}.y", i)).clone(),
                      get(fmt::format("pair{:04}.rho", i)).item()});
  }
}

}  // namespace nst::nn
