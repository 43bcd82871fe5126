#include "nst/training/trainer.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <numbers>

#include "autograd/engine.h"
#include "autograd/ops/elementwise.h"
#include "tensor/names.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/slice.h"
#include "tensor/profile.h"

namespace nst {
namespace {

constexpr std::array<std::string_view, 3> kScheduleNames{"constant", "cosine", "inverse_time"};
constexpr double kLeastCosine = 0.01;       // of the first learning rate
constexpr double kInverseTimeDecay = 5e-5;  // AdaIN's
constexpr std::string_view kNetworkPrefix = "network.", kAdamPrefix = "adam.";

nn::StateDict with_prefix(const nn::StateDict& state, std::string_view prefix) {
  nn::StateDict part;
  for (const auto& [name, tensor] : state) {
    if (name.starts_with(prefix)) part[name.substr(prefix.size())] = tensor;
  }
  return part;
}

struct Trained {
  std::vector<autograd::Variable*> parameters;
  std::vector<double> rates;  // factors of the learning rate
};

Trained trained_by(TrainingMethod& method) {
  Trained trained;
  for (const auto& [name, parameter] : method.network().named_parameters()) {
    if (!parameter->requires_grad()) continue;
    trained.parameters.push_back(parameter);
    trained.rates.push_back(method.learning_rate_factor(name));
  }
  return trained;
}

}  // namespace

std::span<const std::string_view> learning_rate_schedule_names() { return kScheduleNames; }
std::string_view name_of(LearningRateSchedule schedule) {
  return kScheduleNames[static_cast<size_t>(schedule)];
}
LearningRateSchedule parse_learning_rate_schedule(std::string_view name) {
  return parse_name<LearningRateSchedule>("schedule", kScheduleNames, name);
}

Trainer::Trainer(TrainingMethod& method, const TrainerOptions& options)
    : method_(method), options_(options), adam_(options.adam) {
  if (options_.steps < 1 || options_.accumulate < 1) {
    throw std::invalid_argument(
        fmt::format("training: steps and accumulated batches must be positive, got {} and {}", options_.steps,
                    options_.accumulate));
  }
}

double Trainer::learning_rate() const {
  const double t = static_cast<double>(steps_done_);
  const double warm = steps_done_ < options_.warmup ? (t + 1) / static_cast<double>(options_.warmup) : 1;
  const double rate = warm * options_.adam.learning_rate;
  switch (options_.schedule) {
    case LearningRateSchedule::constant:
      break;
    case LearningRateSchedule::cosine:
      return rate * std::max(kLeastCosine,
                             (1 + std::cos(std::numbers::pi * t / static_cast<double>(options_.steps))) / 2);
    case LearningRateSchedule::inverse_time:
      return rate / (1 + kInverseTimeDecay * t);
  }
  return rate;
}

TrainingStep Trainer::step() {
  const auto start = std::chrono::steady_clock::now();
  const ProfileStep profiled(static_cast<int>(steps_done_) + 1);
  const auto [parameters, rates] = trained_by(method_);
  for (autograd::Variable* parameter : parameters) parameter->zero_grad();

  // Everything the host wants to know, (1) each, read in one go when the step's work is queued.
  std::vector<std::string> names{"total"};
  std::vector<Tensor> values;
  const double share = 1 / static_cast<double>(options_.accumulate);
  for (int64_t i = 0; i < options_.accumulate; ++i) {
    // Every one is of the same shapes. The parameters' gradients outlive the run, in ordinary memory.
    const MemoryPlan::Run planned(memory_plan_);
    const TrainingLoss loss = method_.loss(steps_done_ * options_.accumulate + i);
    autograd::backward(options_.accumulate == 1 ? loss.total : autograd::scale(loss.total, share));
    values.push_back(loss.total.value());
    for (const auto& [name, value] : loss.terms) {
      if (i == 0) names.push_back(name);
      values.push_back(value);
    }
  }
  for (autograd::Variable* parameter : parameters) {
    if (parameter->grad().defined()) values.push_back(ops::dot(parameter->grad(), parameter->grad()));
  }
  const auto numbers = ops::concat(values, 0).to_vector<double>();

  TrainingStep step;
  step.step = steps_done_ + 1;
  step.learning_rate = learning_rate();
  const size_t losses = names.size() * static_cast<size_t>(options_.accumulate);
  for (size_t i = 0; i < losses; ++i) {
    if (i < names.size()) step.losses.emplace_back(names[i], 0);
    step.losses[i % names.size()].second += numbers[i] * share;
  }
  double squares = 0;
  for (size_t i = losses; i < numbers.size(); ++i) squares += numbers[i];
  step.gradient_norm = std::sqrt(squares);
  if (!std::isfinite(step.losses[0].second) || !std::isfinite(step.gradient_norm)) {
    throw Diverged(
        fmt::format("training: step {}: the loss is {}, the gradient's norm {}; try a lower learning rate",
                    step.step, step.losses[0].second, step.gradient_norm));
  }
  const double longest = options_.max_gradient_norm;
  if (longest > 0 && step.gradient_norm > longest) {
    for (autograd::Variable* parameter : parameters) {
      Tensor gradient = parameter->grad();
      if (gradient.defined()) gradient.copy_from(ops::affine(gradient, longest / step.gradient_norm));
    }
  }
  adam_.set_learning_rate(step.learning_rate);
  adam_.step(parameters, rates);
  ++steps_done_;
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  step.seconds = seconds_;
  return step;
}

Tensor Trainer::sample() {
  memory_plan_.rest();
  return method_.sample();
}

nn::StateDict Trainer::checkpoint() const {
  nn::StateDict state;
  for (const auto& [name, tensor] : method_.network().state_dict()) {
    state[fmt::format("{}{}", kNetworkPrefix, name)] = tensor.to(kCpu).clone();
  }
  for (const auto& [name, tensor] : adam_.state_dict()) {
    state[fmt::format("{}{}", kAdamPrefix, name)] = tensor.to(kCpu).clone();
  }
  state["progress"] =
      Tensor::from<double>({2}, std::vector<double>{static_cast<double>(steps_done_), seconds_});
  return state;
}

void Trainer::resume(const nn::StateDict& checkpoint) {
  const auto progress = checkpoint.find("progress");
  if (progress == checkpoint.end() || progress->second.numel() != 2)
    throw std::invalid_argument("checkpoint: not one of a training run");
  auto adam = with_prefix(checkpoint, kAdamPrefix);
  method_.network().load_state_dict(with_prefix(checkpoint, kNetworkPrefix));
  const auto parameters = trained_by(method_).parameters;
  const Device device = parameters.empty() ? kCpu : parameters.front()->value().device();
  for (auto& [name, tensor] : adam) {
    if (name != "step") tensor = tensor.to(device);
  }
  adam_.load_state_dict(adam);
  const auto values = progress->second.to_vector<double>();
  steps_done_ = static_cast<int64_t>(values[0]);
  seconds_ = values[1];
}

}  // namespace nst
