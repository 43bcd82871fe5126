#include "autograd/gradcheck.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>

#include "autograd/engine.h"

namespace nst::autograd {
namespace {

double weighted_sum(const Tensor& y, const std::vector<double>& weights) {
  const auto values = y.to_vector<double>();
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) sum += weights[i] * values[i];
  return sum;
}

}  // namespace

GradcheckResult gradcheck(const DifferentiableFn& fn, const std::vector<Tensor>& inputs,
                          const GradcheckOptions& options) {
  std::vector<Variable> variables;
  for (const Tensor& input : inputs) {
    if (input.dtype() != DType::float64) throw std::invalid_argument("gradcheck: inputs must be float64");
    variables.emplace_back(input.clone(), true);
  }
  const Variable y = fn(variables);
  std::mt19937_64 random(options.seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<double> weights(static_cast<size_t>(y.value().numel()));
  for (double& w : weights) w = uniform(random);
  backward(y, Tensor::from<double>(y.shape(), weights, y.value().device()));

  GradcheckResult result{.ok = true, .worst = 0, .message = {}};
  const NoGradGuard no_grad;
  for (size_t i = 0; i < variables.size(); ++i) {
    const auto analytic = variables[i].grad().defined()
                              ? variables[i].grad().to_vector<double>()
                              : std::vector<double>(static_cast<size_t>(inputs[i].numel()), 0.0);
    const auto original = inputs[i].to_vector<double>();
    const auto evaluate = [&](size_t element, double offset) {
      auto moved = original;
      moved[element] += offset;
      auto arguments = variables;
      arguments[i] = Variable(Tensor::from<double>(inputs[i].shape(), moved, inputs[i].device()));
      return weighted_sum(fn(arguments).value(), weights);
    };
    for (size_t e = 0; e < original.size(); ++e) {
      const double numeric = (evaluate(e, options.step) - evaluate(e, -options.step)) / (2 * options.step);
      const double scaled =
          std::abs(analytic[e] - numeric) / std::max({1.0, std::abs(analytic[e]), std::abs(numeric)});
      if (result.ok && !(scaled <= options.tolerance)) {
        result.ok = false;
        result.message = fmt::format("input {} element {}: backward gives {}, differences give {}", i, e,
                                     analytic[e], numeric);
      }
      result.worst = std::max(result.worst, scaled);
    }
  }
  return result;
}

}  // namespace nst::autograd
