// L-BFGS and Adam on functions whose minima are known. Agreement with PyTorch's steps is in tests/golden.
#include <gtest/gtest.h>

#include <cmath>

#include "nn/adam.h"
#include "nn/lbfgs.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/slice.h"
#include "tests/support.h"
#if NST_CUDA_ON_CPU
#include "tests/cuda_on_cpu/runner/engine.h"
#endif

namespace nst {
namespace {

using nn::Evaluation;

Evaluation evaluation(double loss, const Tensor& grad) {
  return {Tensor::full({1}, loss, grad.dtype()), grad};
}

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
  return evaluation(loss, Tensor::from<double>(x.shape(), grad));
}

double distance_to_ones(const Tensor& x) {
  double worst = 0;
  for (double v : x.to_vector<double>()) worst = std::max(worst, std::abs(v - 1));
  return worst;
}

TEST(Lbfgs, finds_rosenbrocks_valley_with_a_line_search) {
  Tensor x = Tensor::full({20}, -0.5, DType::float64);
  nn::Lbfgs lbfgs({.history = 10, .line_search = nn::LineSearch::strong_wolfe, .tolerance_change = 1e-14});
  double previous = rosenbrock(x).terms.item();
  for (int i = 0; i < 200; ++i) {
    const auto step = lbfgs.step(rosenbrock, x);
    EXPECT_EQ(step.recovery, "");
    EXPECT_LE(step.loss, previous);
    EXPECT_EQ(step.loss, rosenbrock(x).terms.item()) << "the reported loss is the one at x";
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
    return evaluation(loss, Tensor::from<double>(x.shape(), grad));
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
    return evaluation(loss, Tensor::full({1}, 2 * v, DType::float64));
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
    return evaluation(loss, Tensor::from<float>(x.shape(), grad));
  };
  Tensor x = Tensor::full({1000000}, 100);
  nn::Lbfgs lbfgs;
  for (int i = 0; i < 20; ++i) {
    if (lbfgs.step(bowl, x).converged) break;
  }
  EXPECT_LE(bowl(x).terms.item(), 1);
}

TEST(Lbfgs, refuses_a_start_that_is_no_number_and_senseless_options) {
  Tensor x = Tensor::zeros({1}, DType::float64);
  nn::Lbfgs lbfgs;
  EXPECT_THROW(lbfgs.step([](const Tensor& at) { return evaluation(NAN, at.clone()); }, x),
               std::runtime_error);
  EXPECT_INVALID(nn::Lbfgs({.history = 0}), "history");
  EXPECT_INVALID(nn::Lbfgs({.learning_rate = -1}), "learning_rate");
}

// --- on a CUDA device

// sum_i (i + 1) (x_i - 1)^2, and the square of x's first element for company: all computed where x is.
Evaluation bowl_on_device(const Tensor& x) {
  std::vector<double> stiffness(static_cast<size_t>(x.numel()));
  for (size_t i = 0; i < stiffness.size(); ++i) stiffness[i] = 1 + static_cast<double>(i);
  const Tensor away = ops::affine(x, 1, -1),
               pull = ops::mul(away, Tensor::from<double>(x.shape(), stiffness, x.device()));
  const Tensor first = ops::slice_forward(x, {.axis = 0, .begin = 0, .count = 1});
  return {ops::concat(std::vector{ops::dot(away, pull), ops::mul(first, first)}, 0), ops::affine(pull, 2)};
}

class LbfgsOnCuda : public ::testing::TestWithParam<nn::LineSearch> {
 protected:
  void SetUp() override {
    if (cuda_device_count() == 0) GTEST_SKIP() << "there is no CUDA device";
  }
  nn::LbfgsOptions options() const { return {.history = 5, .line_search = GetParam()}; }
  static Tensor start(Device device) { return testing::random_tensor({33}, DType::float64, 3).to(device); }
};

TEST_P(LbfgsOnCuda, goes_the_cpus_way) {
  Tensor x = start(kCpu), on_cuda = start(kCuda);
  nn::Lbfgs lbfgs(options()), cuda_lbfgs(options());
  for (int i = 0; i < 12; ++i) {
    const auto step = lbfgs.step(bowl_on_device, x), cuda_step = cuda_lbfgs.step(bowl_on_device, on_cuda);
    EXPECT_EQ(cuda_step.evaluations, step.evaluations) << i;
    EXPECT_CLOSE(cuda_step.terms, step.terms, 1e-10);
    EXPECT_EQ(step.terms.front(), step.loss);
    EXPECT_EQ(step.terms.size(), 2u);
  }
  EXPECT_CLOSE(on_cuda, x, 1e-10);
}

TEST_P(LbfgsOnCuda, an_uphill_direction_is_taken_back) {
  Tensor x = start(kCuda);
  nn::Lbfgs lbfgs(options());
  for (int i = 0; i < 3; ++i) lbfgs.step(bowl_on_device, x);
  nn::StateDict state = lbfgs.state_dict();
  std::erase_if(state, [](const auto& entry) { return entry.first.starts_with("pair"); });
  state["scale"] = Tensor::full({1}, -1, DType::float64);
  lbfgs.load_state_dict(state);
  const double before = bowl_on_device(x).terms.to_vector<double>()[0];
  const auto step = lbfgs.step(bowl_on_device, x);
  EXPECT_NE(step.recovery.find("uphill"), std::string::npos) << step.recovery;
  EXPECT_LT(step.loss, before);
  EXPECT_EQ(step.loss, bowl_on_device(x).terms.to_vector<double>()[0]);
}

#if NST_CUDA_ON_CPU
// However long the history is. A line search has to know the slope before it begins, and every loss.
TEST_P(LbfgsOnCuda, a_step_waits_once_or_for_each_evaluation_of_a_search) {
  Tensor x = start(kCuda);
  nn::Lbfgs lbfgs(options());
  const auto objective = [stiffness = start(kCuda)](const Tensor& at) {
    const Tensor away = ops::mul(ops::affine(at, 1, -1), stiffness), pull = ops::mul(away, stiffness);
    return Evaluation{ops::dot(away, away), ops::affine(pull, 2)};
  };
  lbfgs.step(objective, x);  // the first evaluates its start as well
  for (int i = 0; i < 8; ++i) {
    const uint64_t before = cuda_on_cpu::statistics().waits;
    const auto step = lbfgs.step(objective, x);
    ASSERT_EQ(step.recovery, "");
    const bool searches = GetParam() == nn::LineSearch::strong_wolfe;
    EXPECT_EQ(cuda_on_cpu::statistics().waits - before, searches ? 1u + step.evaluations : 1u) << i;
  }
}
#endif

INSTANTIATE_TEST_SUITE_P(line_searches, LbfgsOnCuda,
                         ::testing::Values(nn::LineSearch::none, nn::LineSearch::strong_wolfe),
                         [](const auto& info) {
                           return info.param == nn::LineSearch::none ? "none" : "strong_wolfe";
                         });

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
