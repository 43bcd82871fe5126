// L-BFGS and Adam on functions whose minima are known. Agreement with PyTorch's steps is in tests/golden.
#include <gtest/gtest.h>

#include <cmath>

#include "nn/adam.h"
#include "nn/lbfgs.h"
#include "tests/support.h"

namespace nst {
namespace {

using nn::Evaluation;

// sum_i 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2, least at all ones.
Evaluation rosenbrock(const Tensor& x) {
  const auto v = x.to_vector<double>();
  std::vector<double> grad(v.size());
  double loss = 0;
  for (size_t i = 0; i + 1 < v.size(); ++i) {
    const double a = v[i + 1] - v[i] * v[i], b = 1 - v[i];
    loss += 100 * a * a + b * b;
    grad[i] += -400 * v[i] * a - 2 * b;
    grad[i + 1] += 200 * a;
  }
  return {loss, Tensor::from<double>(x.shape(), grad)};
}

double distance_to_ones(const Tensor& x) {
  double worst = 0;
  for (double v : x.to_vector<double>()) worst = std::max(worst, std::abs(v - 1));
  return worst;
}

TEST(Lbfgs, finds_rosenbrocks_valley_with_a_line_search) {
  Tensor x = Tensor::full({20}, -0.5, DType::float64);
  nn::Lbfgs lbfgs({.history = 10, .line_search = nn::LineSearch::strong_wolfe, .tolerance_change = 1e-14});
  double previous = rosenbrock(x).loss;
  for (int i = 0; i < 200; ++i) {
    const auto step = lbfgs.step(rosenbrock, x);
    EXPECT_EQ(step.recovery, "");
    EXPECT_LE(step.loss, previous);
    EXPECT_EQ(step.loss, rosenbrock(x).loss) << "the reported loss is the one at x";
    previous = step.loss;
    if (step.converged) break;
  }
  EXPECT_LE(distance_to_ones(x), 1e-5);
}

TEST(Lbfgs, solves_a_quadratic_without_a_line_search) {
  const auto quadratic = [](const Tensor& x) {
    const auto v = x.to_vector<double>();
    std::vector<double> grad(v.size());
    double loss = 0;
    for (size_t i = 0; i < v.size(); ++i) {
      const double curvature = 1 + static_cast<double>(i), d = v[i] - 1;
      loss += 0.5 * curvature * d * d;
      grad[i] = curvature * d;
    }
    return Evaluation{loss, Tensor::from<double>(x.shape(), grad)};
  };
  Tensor x = testing::random_tensor({12}, DType::float64, 3);
  nn::Lbfgs lbfgs({.tolerance_grad = 1e-9, .tolerance_change = 1e-15});
  int steps = 0;
  while (steps < 60 && !lbfgs.step(quadratic, x).converged) ++steps;
  EXPECT_LT(steps, 60);
  EXPECT_LE(distance_to_ones(x), 1e-6);
}

TEST(Lbfgs, goes_back_when_the_loss_explodes_or_is_no_number) {
  // A cliff: beyond |x| = 3 the function is not a number; between 2 and 3 it is huge.
  const auto cliff = [](const Tensor& x) {
    const double v = x.item();
    const double loss = std::abs(v) > 3 ? NAN : std::abs(v) > 2 ? 1e6 : v * v + 1;
    return Evaluation{loss, Tensor::full({1}, 2 * v, DType::float64)};
  };
  for (double rate : {2.5, 100.0}) {
    Tensor x = Tensor::full({1}, 0.9, DType::float64);
    nn::Lbfgs lbfgs({.learning_rate = 3 * rate, .tolerance_grad = 1e-6});
    bool recovered = false;
    double loss = 0;
    for (int i = 0; i < 100; ++i) {
      const auto step = lbfgs.step(cliff, x);
      recovered |= !step.recovery.empty();
      loss = step.loss;
      ASSERT_LE(std::abs(x.item()), 2) << "a bad step was kept";
      if (step.converged) break;
    }
    EXPECT_TRUE(recovered);
    EXPECT_LE(loss, 1.81);
  }
}

TEST(Lbfgs, is_not_stopped_by_a_first_step_too_short_for_float32) {
  // 1/|g|_1 moves each of these elements by 1e-6, which 100 + 1e-6 does not feel in float32.
  const auto bowl = [](const Tensor& x) {
    const auto v = x.to_vector<float>();
    std::vector<float> grad(v.size());
    double loss = 0;
    for (size_t i = 0; i < v.size(); ++i) {
      grad[i] = v[i] - 90;
      loss += 0.5 * grad[i] * grad[i];
    }
    return Evaluation{loss, Tensor::from<float>(x.shape(), grad)};
  };
  Tensor x = Tensor::full({1000000}, 100);
  nn::Lbfgs lbfgs;
  for (int i = 0; i < 20; ++i) {
    if (lbfgs.step(bowl, x).converged) break;
  }
  EXPECT_LE(bowl(x).loss, 1);
}

TEST(Lbfgs, refuses_a_start_that_is_no_number_and_senseless_options) {
  Tensor x = Tensor::zeros({1}, DType::float64);
  nn::Lbfgs lbfgs;
  EXPECT_THROW(lbfgs.step(
                   [](const Tensor& at) {
                     return Evaluation{NAN, at.clone()};
                   },
                   x),
               std::runtime_error);
  EXPECT_INVALID(nn::Lbfgs({.history = 0}), "history");
  EXPECT_INVALID(nn::Lbfgs({.learning_rate = -1}), "learning_rate");
}

// Runs `steps` iterations; with a break, through a saved and loaded state.
template <class Make>
std::vector<double> trajectory(Make make, int steps, int break_after) {
  Tensor x = Tensor::full({8}, -0.3, DType::float64);
  auto minimiser = make();
  for (int i = 0; i < steps; ++i) {
    if (i == break_after) {
      nn::StateDict saved;
      for (const auto& [name, tensor] : minimiser->state_dict()) saved[name] = tensor.clone();
      minimiser = make();
      minimiser->load_state_dict(saved);
    }
    minimiser->step(rosenbrock, x);
  }
  return x.to_vector<double>();
}

TEST(Optimisers, resume_to_the_bit) {
  const auto lbfgs = [] {
    return std::unique_ptr<nn::Minimiser>(std::make_unique<nn::Lbfgs>(
        nn::LbfgsOptions{.history = 4, .line_search = nn::LineSearch::strong_wolfe}));
  };
  const auto adam = [] {
    return std::unique_ptr<nn::Minimiser>(std::make_unique<nn::Adam>(nn::AdamOptions{.learning_rate = 0.1}));
  };
  for (int at : {0, 1, 7}) {
    EXPECT_EQ(trajectory(lbfgs, 12, at), trajectory(lbfgs, 12, -1));
    EXPECT_EQ(trajectory(adam, 12, at), trajectory(adam, 12, -1));
  }
}

TEST(Adam, moves_every_parameter_by_the_learning_rate_at_first) {
  autograd::Variable a(Tensor::full({3}, 1, DType::float64), true),
      b(Tensor::full({2}, 1, DType::float64), true);
  a.info()->grad = Tensor::full({3}, 5, DType::float64);
  nn::Adam adam({.learning_rate = 0.01});
  adam.step({&a, &b});
  for (double v : a.value().to_vector<double>()) EXPECT_NEAR(v, 0.99, 1e-9);
  for (double v : b.value().to_vector<double>()) EXPECT_EQ(v, 1);  // without a gradient it stays
}

TEST(Adam, reaches_the_valley) {
  Tensor x = Tensor::full({4}, -0.5, DType::float64);
  nn::Adam adam({.learning_rate = 0.02});
  for (int i = 0; i < 5000; ++i) adam.step(rosenbrock, x);
  EXPECT_LE(distance_to_ones(x), 1e-2);
}

}  // namespace
}  // namespace nst
