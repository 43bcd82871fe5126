#include "nst/basic.h"

#include <gtest/gtest.h>

#include "autograd/engine.h"
#include "autograd/ops/elementwise.h"
#include "tests/networks.h"

namespace nst {
namespace {

using testing::random_picture;

const GatysOptions kSmall{.content_layers = {{"relu2_1", 1}},
                          .style_layers = {{"relu1_1", 1}, {"relu2_1", 0.5}},
                          .tv_weight = 1e-4};

const LossNetwork& network() {
  static const LossNetwork network({.depth = 16, .deepest = "relu2_1"},
                                   testing::random_vgg_weights(16, "relu2_1"), nn::kCaffePreprocessing);
  return network;
}

Basic make(BasicOptions options, uint64_t seed = 1) {
  options.objective = kSmall;
  return Basic(network(), random_picture(17, 22, seed), {{random_picture(20, 16, 8), 1}}, options);
}

TEST(LossNetwork, preprocesses_as_caffe) {
  // A network that is only its preprocessing: relu1_1 of an identity-like first layer.
  auto weights = testing::random_vgg_weights(16, "relu1_1");
  std::vector<float> pick(64 * 3 * 9, 0);
  for (int k = 0; k < 3; ++k) pick[(k * 3 + k) * 9 + 4] = 1;  // channel k of the centre
  weights["conv1_1.weight"] = Tensor::from<float>({64, 3, 3, 3}, pick);
  weights["conv1_1.bias"] = Tensor::zeros({64});
  const LossNetwork picker({.depth = 16, .deepest = "conv1_1"}, weights, nn::kCaffePreprocessing);
  const Tensor rgb = Tensor::from<float>({1, 1, 1, 3}, std::vector<float>{200, 150, 100});
  const auto y =
      picker.features(autograd::Variable(rgb), {"conv1_1"}).at("conv1_1").value().to_vector<double>();
  EXPECT_NEAR(y[0], 100 - 103.939, 1e-3);
  EXPECT_NEAR(y[1], 150 - 116.779, 1e-3);
  EXPECT_NEAR(y[2], 200 - 123.68, 1e-3);
}

TEST(GatysObjective, terms_add_up_and_the_gradient_is_right) {
  const LossNetwork exact({.depth = 16, .deepest = "relu2_1"},
                          testing::random_vgg_weights(16, "relu2_1", DType::float64), nn::kCaffePreprocessing,
                          DType::float64);
  const auto picture = [](int64_t h, int64_t w, uint64_t seed) {
    return random_picture(h, w, seed, DType::float64);
  };
  const GatysObjective objective(exact, picture(6, 8, 1), {{picture(9, 5, 2), 1}, {picture(6, 6, 3), 3}},
                                 kSmall);
  const LossTerms terms = objective.read(objective(autograd::Variable(picture(6, 8, 4))).second);
  EXPECT_NEAR(terms.total, terms.content + terms.style + terms.tv, 1e-9 * terms.total);
  EXPECT_GT(terms.content, 0);
  EXPECT_GT(terms.style, 0);
  EXPECT_GT(terms.tv, 0);
  const auto scaled = [&](const std::vector<autograd::Variable>& v) {
    // The loss is large; its size must not hide an error.
    return autograd::scale(objective(v[0]).first, 1 / terms.total);
  };
  const auto result = autograd::gradcheck(scaled, {picture(6, 8, 4)}, {.step = 1e-4, .tolerance = 1e-7});
  EXPECT_TRUE(result.ok) << result.message;
}

TEST(GatysObjective, is_zero_where_picture_content_and_style_are_one) {
  GatysOptions options = kSmall;
  options.tv_weight = 0;
  const Tensor same = random_picture(12, 12, 1);
  const GatysObjective objective(network(), same, {{same, 1}}, options);
  EXPECT_LE(objective.read(objective(autograd::Variable(same)).second).total, 1e-6);
}

TEST(GatysObjective, refuses_what_makes_no_sense) {
  const Tensor p = random_picture(12, 12, 1);
  GatysOptions options = kSmall;
  options.style_weight = -1;
  EXPECT_INVALID(GatysObjective(network(), p, {{p, 1}}, options), "style_weight");
  options = kSmall;
  options.style_layers[0].layer = "relu7_1";
  EXPECT_INVALID(GatysObjective(network(), p, {{p, 1}}, options), "no layer 'relu7_1'");
  EXPECT_INVALID(GatysObjective(network(), p, {}, kSmall), "needs a style");
  options = kSmall;
  options.content_weight = options.tv_weight = 0;
  for (auto& layer : options.style_layers) layer.weight = 0;
  EXPECT_INVALID(GatysObjective(network(), p, {{p, 1}}, options), "every weight is zero");
  EXPECT_INVALID(GatysObjective(network(), p, {{p, 0}}, kSmall), "positive weight");
}

class BasicMethod : public ::testing::TestWithParam<OptimiserKind> {};

TEST_P(BasicMethod, lowers_the_loss) {
  Basic basic = make({.optimiser = GetParam(), .iterations = 30});
  const double first = basic.step().loss.total;
  while (!basic.finished()) basic.step();
  EXPECT_EQ(basic.history().size(), 30u);
  EXPECT_TRUE(basic.history().back().loss.total < 0.5 * first)
      << first << " -> " << basic.history().back().loss.total;
}

TEST_P(BasicMethod, resumes_to_the_bit) {
  const BasicOptions options{.init = Init::noise, .seed = 5, .optimiser = GetParam(), .iterations = 12};
  Basic whole = make(options);
  while (!whole.finished()) whole.step();
  Basic first = make(options);
  for (int i = 0; i < 5; ++i) first.step();
  nn::StateDict saved;
  for (const auto& [name, tensor] : first.checkpoint()) saved[name] = tensor.clone();
  Basic second = make(options);
  second.resume(saved);
  while (!second.finished()) second.step();
  EXPECT_EQ(second.picture().to_vector<float>(), whole.picture().to_vector<float>());
  ASSERT_EQ(second.history().size(), whole.history().size());
  for (size_t i = 0; i < 12; ++i)
    EXPECT_EQ(second.history()[i].loss.total, whole.history()[i].loss.total) << i;
}

TEST_P(BasicMethod, a_steady_step_takes_nothing_from_the_system) {
  Basic basic = make({.optimiser = GetParam(), .lbfgs = {.history = 3}, .iterations = 20});
  for (int i = 0; i < 6; ++i) basic.step();
  const auto before = allocator().stats();
  for (int i = 0; i < 6; ++i) basic.step();
  EXPECT_EQ(allocator().stats().system_calls, before.system_calls);
  EXPECT_EQ(allocator().stats().in_use, before.in_use);
}

TEST_P(BasicMethod, goes_on_at_a_larger_size_and_resumes_there) {
  const BasicOptions options{.optimiser = GetParam(), .iterations = 4, .average = 0.5};
  Basic coarse = make(options);
  while (!coarse.finished()) coarse.step();
  const auto fine = [&] {
    BasicOptions larger = options;
    larger.objective = kSmall;
    auto run = std::make_unique<Basic>(network(), random_picture(34, 44, 1),
                                       std::vector<StylePicture>{{random_picture(20, 16, 8), 1}}, larger);
    return run;
  };
  const auto whole = fine();
  whole->continue_from(coarse);
  EXPECT_EQ(whole->begin(), 4u);
  whole->step();
  whole->step();
  nn::StateDict saved;
  for (const auto& [name, tensor] : whole->checkpoint()) saved[name] = tensor.clone();
  while (!whole->finished()) whole->step();
  EXPECT_EQ(whole->history().size(), 8u);
  const auto resumed = fine();
  resumed->resume(saved);
  while (!resumed->finished()) resumed->step();
  EXPECT_EQ(resumed->picture().to_vector<float>(), whole->picture().to_vector<float>());
  EXPECT_EQ(resumed->history().size(), 8u);
}

INSTANTIATE_TEST_SUITE_P(optimisers, BasicMethod,
                         ::testing::Values(OptimiserKind::lbfgs, OptimiserKind::adam),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST(Basic, the_average_is_that_of_the_iterates) {
  Basic plain = make({.optimiser = OptimiserKind::adam, .iterations = 3});
  Basic averaged = make({.optimiser = OptimiserKind::adam, .iterations = 3, .average = 0.75});
  std::vector<double> sum(17 * 22 * 3);
  double weights = 0;
  while (!plain.finished()) {
    plain.step();
    averaged.step();
    const auto picture = plain.picture().to_vector<double>();
    for (size_t i = 0; i < sum.size(); ++i) sum[i] = 0.75 * sum[i] + 0.25 * picture[i];
    weights = 0.75 * weights + 0.25;
  }
  for (double& v : sum) v /= weights;
  EXPECT_TRUE(testing::relative_difference(averaged.picture().to_vector<double>(), sum) <= 1e-5);
}

TEST(Basic, stops_when_it_no_longer_improves) {
  Basic basic = make({.iterations = 500, .min_improvement = 20});
  IterationReport last;
  while (!basic.finished()) last = basic.step();
  EXPECT_LT(last.iteration, 300);
  EXPECT_NE(last.note.find("improved by"), std::string::npos);
}

TEST(Basic, starts_from_what_was_asked) {
  const Tensor content = random_picture(8, 8, 1), style = random_picture(5, 9, 2);
  EXPECT_EQ(initial_picture(Init::content, 0, 0, content, style).to_vector<float>(),
            content.to_vector<float>());
  EXPECT_EQ(initial_picture(Init::gray, 0, 0, content, style).to_vector<float>(),
            std::vector<float>(192, 127.5f));
  EXPECT_EQ(initial_picture(Init::style, 0, 0, content, style).shape(), content.shape());
  const auto noise = initial_picture(Init::noise, 0, 7, content, style).to_vector<float>();
  EXPECT_EQ(noise, initial_picture(Init::noise, 0, 7, content, style).to_vector<float>());
  EXPECT_NE(noise, initial_picture(Init::noise, 0, 8, content, style).to_vector<float>());
  EXPECT_INVALID(initial_picture(Init::content, 1.5, 0, content, style), "init_noise");
  // A picture at another size, as when a finished run is carried on at a higher one.
  const Tensor flat = Tensor::full({1, 3, 4, 3}, 60);
  EXPECT_EQ(initial_picture(Init::image, 0, 0, content, style, flat).to_vector<float>(),
            std::vector<float>(192, 60));
  EXPECT_INVALID(initial_picture(Init::image, 0, 0, content, style), "needs a picture");
}

TEST(Basic, refuses_a_checkpoint_of_another_run) {
  Basic basic = make({.iterations = 3});
  basic.step();
  Basic adam = make({.optimiser = OptimiserKind::adam, .iterations = 3});
  EXPECT_THROW(adam.resume(basic.checkpoint()), std::invalid_argument);
  EXPECT_INVALID(adam.resume({}), "not one of this method");
}

}  // namespace
}  // namespace nst
