#include "nn/adam.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>
#include <utility>

#include "tensor/ops/adam.h"

namespace nst::nn {

Adam::Adam(AdamOptions options) : options_(options) {
  if (!(options.learning_rate > 0)) throw std::invalid_argument("adam: learning_rate must be positive");
}

void Adam::update(size_t index, Tensor& x, const Tensor& grad, double factor) {
  if (index >= moments_.size()) moments_.resize(index + 1);
  auto& [m, v] = moments_[index];
  if (!m.defined()) {
    m = Tensor::zeros_like(x);
    v = Tensor::zeros_like(x);
  }
  ops::adam_step({.learning_rate = factor * options_.learning_rate,
                  .beta1 = options_.beta1,
                  .beta2 = options_.beta2,
                  .epsilon = options_.epsilon,
                  .step = steps_},
                 grad, x, m, v);
}

void Adam::step(const std::vector<autograd::Variable*>& parameters, const std::vector<double>& factors) {
  ++steps_;
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i]->grad().defined()) continue;
    update(i, parameters[i]->mutable_value(), parameters[i]->grad(), factors.empty() ? 1 : factors[i]);
  }
}

MinimiserStep Adam::step(const Objective& objective, Tensor& x) {
  const Evaluation evaluation = objective(x);
  auto terms = evaluation.terms.to_vector<double>();  // the only wait for the device
  if (!std::isfinite(terms[0])) throw std::runtime_error("adam: the loss is not a finite number");
  ++steps_;
  update(0, x, evaluation.grad);
  return {.loss = terms[0], .terms = std::move(terms), .evaluations = 1, .converged = false, .recovery = {}};
}

StateDict Adam::state_dict() const {
  StateDict state{{"step", Tensor::full({1}, static_cast<double>(steps_), DType::float64)}};
  for (size_t i = 0; i < moments_.size(); ++i) {
    if (!moments_[i].m.defined()) continue;
    state[fmt::format("m.{}", i)] = moments_[i].m;
    state[fmt::format("v.{}", i)] = moments_[i].v;
  }
  return state;
}

void Adam::load_state_dict(const StateDict& state) {
  const auto step = state.find("step");
  if (step == state.end()) throw std::invalid_argument("adam: the saved state lacks 'step'");
  steps_ = static_cast<int64_t>(step->second.item());
  moments_.clear();
  for (const auto& [name, tensor] : state) {
    if (name == "step") continue;
    const size_t index = std::stoul(name.substr(2));
    if (index >= moments_.size()) moments_.resize(index + 1);
    (name.starts_with("m.") ? moments_[index].m : moments_[index].v) = tensor.clone();
  }
}

}  // namespace nst::nn
