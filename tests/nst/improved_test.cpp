#include "nst/improved.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nst/basic.h"
#include "tests/networks.h"

namespace nst {
namespace {

TEST(Improved, every_convolution_has_its_layer) {
  EXPECT_EQ(every_conv_layer(16).size(), 13u);
  EXPECT_EQ(every_conv_layer(19).size(), 16u);
  EXPECT_EQ(every_conv_layer(19).front(), "relu1_1");
  EXPECT_EQ(every_conv_layer(19).back(), "relu5_4");
}

TEST(Improved, weights_halve_from_the_heaviest_layer_on) {
  std::vector<StyleTerm> terms{{"relu1_1"}, {"relu2_1", 3}, {"relu3_1"}};
  weigh(terms, LayerWeighting::shallow);
  EXPECT_DOUBLE_EQ(terms[0].weight, 4.0 / 7);
  EXPECT_DOUBLE_EQ(terms[1].weight, 3 * 2.0 / 7);
  EXPECT_DOUBLE_EQ(terms[2].weight, 1.0 / 7);
  std::vector<LayerWeight> layers{{"relu1_1"}, {"relu2_1"}, {"relu3_1"}};
  weigh(layers, LayerWeighting::deep);
  EXPECT_DOUBLE_EQ(layers[0].weight, 1.0 / 7);
  EXPECT_DOUBLE_EQ(layers[2].weight, 4.0 / 7);
  weigh(layers, LayerWeighting::equal);
  EXPECT_DOUBLE_EQ(layers[2].weight, 4.0 / 7);
}

TEST(Improved, a_chain_has_each_layer_with_the_one_before) {
  const auto sorted = by_depth(16, std::vector<StyleTerm>{{"relu3_1", 3}, {"relu1_1", 1}, {"relu2_1", 2}});
  const auto chain = correlation_chain(sorted, true);
  ASSERT_EQ(chain.size(), 2u);
  EXPECT_EQ(chain[0].layer, "relu2_1");
  EXPECT_EQ(chain[0].with, "relu1_1");
  EXPECT_EQ(chain[0].weight, 2);
  EXPECT_EQ(chain[0].blurs, 1);
  EXPECT_EQ(chain[1].with, "relu2_1");
  EXPECT_INVALID(correlation_chain({{"relu1_1"}}, false), "two style layers");
  EXPECT_INVALID(correlation_chain(chain, false), "not of correlations");
  EXPECT_INVALID(by_depth(16, std::vector<StyleTerm>{{"relu3_4"}}), "no layer 'relu3_4'");
}

// shared/reference: 2^-(N-2) L_0 + sum 2^-(N-1-i) L_i - L_{N-1}
TEST(Improved, titu1994_telescopes_to_a_negative_deepest_layer) {
  const auto terms = titu1994_terms(16);
  ASSERT_EQ(terms.size(), 13u);
  EXPECT_EQ(terms[0].weight, std::ldexp(1.0, -11));
  EXPECT_EQ(terms[1].weight, std::ldexp(1.0, -11));
  EXPECT_EQ(terms[11].weight, 0.5);
  EXPECT_EQ(terms[12].weight, -1);
}

const LossNetwork& network() {
  static const LossNetwork network({.depth = 16, .deepest = "relu2_1"},
                                   testing::random_vgg_weights(16, "relu2_1"), nn::kCaffePreprocessing);
  return network;
}

using testing::random_picture;

// Early stopping looks at how far the loss fell, whatever its sign.
TEST(Improved, an_objective_below_zero_runs_on_while_it_falls) {
  BasicOptions options{.optimiser = OptimiserKind::adam, .iterations = 40, .min_improvement = 0.01};
  options.objective = {.content_layers = {}, .style_layers = {{"relu1_1", 1e-9}, {"relu2_1", -1}}};
  Basic basic(network(), random_picture(17, 22, 1), {{random_picture(20, 16, 8)}}, options);
  while (!basic.finished()) basic.step();
  EXPECT_LT(basic.history().back().loss.total, 0);
  EXPECT_EQ(basic.history().size(), 40u) << basic.history().back().note;
}

TEST(Improved, styles_that_share_the_picture_share_a_target) {
  const Tensor x = random_picture(12, 12, 1), a = random_picture(12, 9, 2), b = random_picture(8, 12, 3);
  const GatysOptions options{.content_layers = {},
                             .style_layers = {{"relu1_1"}, {"relu2_1", 1, "relu1_2", 1}}};
  const auto loss = [&](const std::vector<StylePicture>& styles) {
    const GatysObjective objective(network(), x, styles, options);
    return objective.read(objective.evaluate(x).terms).total;
  };
  const double alone = loss({{a, 1}});
  EXPECT_NEAR(loss({{a, 1}, {a, 3}}), alone, 1e-5 * alone);
  EXPECT_NEAR(loss({{a, 1}, {b, 0}}), alone, 1e-5 * alone);
  EXPECT_NE(loss({{a, 1}, {b, 1}}), alone);
}

// A region that is everything changes nothing, and half of a picture does not see the other half.
TEST(Improved, a_style_keeps_to_its_region) {
  const int64_t h = 24, w = 40;
  const Tensor x = random_picture(h, w, 1), style = random_picture(20, 20, 2);
  std::vector<float> left(h * w);
  for (int64_t i = 0; i < h * w; ++i) left[i] = i % w < w / 2 ? 1.0f : 0.0f;
  const Tensor mask = Tensor::from<float>({h, w}, left), all = Tensor::full({h, w}, 1);
  const GatysOptions options{.content_layers = {}, .style_layers = {{"relu1_1"}, {"relu2_1"}}};
  const auto evaluate = [&](const Tensor& region) {
    return GatysObjective(network(), x, {{style, 1, region}}, options).evaluate(x);
  };
  const auto everywhere = evaluate({}), whole = evaluate(all), half = evaluate(mask);
  EXPECT_CLOSE(whole.grad, everywhere.grad, 1e-5);
  // Beyond what a feature sees and half a map's pixel of the mask's edge, the gradient is exactly zero.
  const auto grad = half.grad.to_vector<double>();
  double inside = 0;
  for (int64_t i = 0; i < h * w * 3; ++i) {
    if (i / 3 % w >= w / 2 + 8) {
      EXPECT_EQ(grad[i], 0) << i;
    } else {
      inside += std::abs(grad[i]);
    }
  }
  EXPECT_GT(inside, 0);
  EXPECT_INVALID(evaluate(Tensor::zeros({h, w})), "mask is empty");
  EXPECT_INVALID(evaluate(Tensor::full({h, w + 1}, 1)), "region");
}

TEST(Improved, refuses_blurs_of_one_layer) {
  const Tensor p = random_picture(12, 12, 1);
  EXPECT_INVALID(GatysObjective(network(), p, {{p}}, {.style_layers = {{"relu1_1", 1, "", 1}}}),
                 "can be blurred");
}

}  // namespace
}  // namespace nst
