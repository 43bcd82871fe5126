#include "nst/training/trainer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "autograd/engine.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/reduce.h"
#include "tests/nst/training/line_fit.h"
#include "tests/support.h"

namespace nst {
namespace {

using testing::LineFit;

std::vector<double> run(Trainer& trainer, int64_t steps) {
  std::vector<double> losses;
  for (int64_t i = 0; i < steps; ++i) losses.push_back(trainer.step().losses.at(0).second);
  return losses;
}

TEST(Trainer, finds_the_line) {
  LineFit fit;
  Trainer trainer(fit, {.steps = 400, .adam = {.learning_rate = 0.05}});
  while (!trainer.finished()) trainer.step();
  for (const double w : fit.line.weight.value().to_vector<double>()) EXPECT_NEAR(w, 3, 0.1);
  for (const double b : fit.line.bias.value().to_vector<double>()) EXPECT_NEAR(b, -2, 0.1);
}

TEST(Trainer, reports_the_loss_before_the_step_and_its_terms) {
  LineFit fit;
  Trainer trainer(fit, {.steps = 2});
  const double before = fit.loss(0).total.value().item();
  const TrainingStep step = trainer.step();
  EXPECT_EQ(step.step, 1);
  ASSERT_EQ(step.losses.size(), 2u);
  EXPECT_EQ(step.losses[0], (std::pair<std::string, double>("total", before)));
  EXPECT_EQ(step.losses[1], (std::pair<std::string, double>("fit", before)));
  EXPECT_GT(step.gradient_norm, 0);
}

TEST(Trainer, a_resumed_run_is_the_unbroken_one_to_the_bit) {
  const TrainerOptions options{
      .steps = 20, .accumulate = 2, .schedule = LearningRateSchedule::cosine, .warmup = 3};
  LineFit whole_fit, first_fit, second_fit;
  Trainer whole(whole_fit, options), first(first_fit, options), second(second_fit, options);
  const auto expected = run(whole, 20);
  run(first, 7);
  second.resume(first.checkpoint());
  EXPECT_EQ(second.steps_done(), 7);
  EXPECT_EQ(run(second, 13), std::vector<double>(expected.begin() + 7, expected.end()));
  EXPECT_TRUE(second.finished());
  EXPECT_EQ(second_fit.line.weight.value().to_vector<float>(),
            whole_fit.line.weight.value().to_vector<float>());
}

TEST(Trainer, a_checkpoint_is_a_copy) {
  LineFit fit;
  Trainer trainer(fit, {.steps = 10});
  const auto before = trainer.checkpoint();
  trainer.step();
  EXPECT_EQ(before.at("network.weight").to_vector<float>(), std::vector<float>(4, 1));
}

TEST(Trainer, refuses_a_checkpoint_of_something_else) {
  LineFit fit;
  Trainer trainer(fit, {.steps = 10});
  EXPECT_INVALID(trainer.resume({{"picture", Tensor::zeros({1})}}), "not one of a training run");
  auto state = trainer.checkpoint();
  state["network.weight"] = Tensor::zeros({5});
  EXPECT_INVALID(trainer.resume(state), "'weight' must be (4)");
}

TEST(Trainer, accumulated_batches_make_the_mean_gradient) {
  LineFit fit, by_hand;
  Trainer trainer(fit, {.steps = 1, .accumulate = 3});
  const TrainingStep step = trainer.step();
  EXPECT_EQ(fit.asked, (std::vector<int64_t>{0, 1, 2}));
  double mean = 0;
  for (int64_t i = 0; i < 3; ++i) mean += by_hand.loss(i).total.value().item() / 3;
  EXPECT_NEAR(step.losses[0].second, mean, 1e-6);
  // Adam's first step goes by the gradient's sign only, its moments tell the rest: m = 0.1 g.
  autograd::Variable total;
  for (int64_t i = 0; i < 3; ++i) {
    const auto part = autograd::scale(by_hand.loss(i).total, 1.0 / 3);
    total = total.defined() ? autograd::add(total, part) : part;
  }
  autograd::backward(total);
  const Tensor m = trainer.checkpoint().at("adam.m.0");
  EXPECT_CLOSE(m, ops::affine(by_hand.line.weight.grad(), 0.1), 1e-6);
}

TEST(Trainer, shortens_long_gradients) {
  LineFit free_fit, long_fit, short_fit;
  const auto gradient = [](LineFit& fit, double longest) {
    Trainer trainer(fit, {.steps = 1, .max_gradient_norm = longest});
    const double norm = trainer.step().gradient_norm;
    const Tensor &weight = fit.line.weight.grad(), &bias = fit.line.bias.grad();
    return std::pair(norm, std::sqrt(ops::dot(weight, weight).item() + ops::dot(bias, bias).item()));
  };
  const auto [norm, taken] = gradient(free_fit, 0);
  EXPECT_NEAR(taken, norm, 1e-5 * norm);
  EXPECT_EQ(gradient(long_fit, 2 * norm), std::pair(norm, taken));
  const auto [reported, shortened] = gradient(short_fit, norm / 8);
  EXPECT_EQ(reported, norm);
  EXPECT_NEAR(shortened, norm / 8, 1e-5 * norm);
}

TEST(Trainer, a_step_that_diverges_changes_nothing) {
  LineFit fit;
  fit.broken_at = 5;
  Trainer trainer(fit, {.steps = 10});
  run(trainer, 5);
  const auto before = fit.line.weight.value().to_vector<float>();
  EXPECT_THROW(trainer.step(), Diverged);
  EXPECT_EQ(trainer.steps_done(), 5);
  EXPECT_EQ(fit.line.weight.value().to_vector<float>(), before);
}

TEST(Trainer, learning_rates_follow_their_schedules) {
  const auto rates = [](LearningRateSchedule schedule, int64_t warmup) {
    LineFit fit;
    Trainer trainer(fit,
                    {.steps = 100, .adam = {.learning_rate = 2}, .schedule = schedule, .warmup = warmup});
    std::vector<double> rates;
    while (!trainer.finished()) rates.push_back(trainer.step().learning_rate);
    return rates;
  };
  EXPECT_EQ(rates(LearningRateSchedule::constant, 0), std::vector<double>(100, 2));
  const auto warm = rates(LearningRateSchedule::constant, 4);
  EXPECT_EQ(std::vector<double>(warm.begin(), warm.begin() + 5), (std::vector<double>{0.5, 1, 1.5, 2, 2}));
  const auto cosine = rates(LearningRateSchedule::cosine, 0);
  EXPECT_NEAR(cosine[0], 2, 1e-12);
  EXPECT_NEAR(cosine[50], 1, 1e-12);
  EXPECT_NEAR(cosine[99], 0.02, 1e-12);
  EXPECT_NEAR(rates(LearningRateSchedule::inverse_time, 0)[99], 2 / (1 + 99 * 5e-5), 1e-12);
}

TEST(Trainer, refuses_counts_that_make_no_sense) {
  LineFit fit;
  EXPECT_INVALID(Trainer(fit, {.steps = 0}), "must be positive, got 0 and 1");
  EXPECT_INVALID(Trainer(fit, {.accumulate = 0}), "must be positive, got 40000 and 0");
}

}  // namespace
}  // namespace nst
