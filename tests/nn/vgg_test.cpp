#include "nn/vgg.h"

#include <gtest/gtest.h>

#include "autograd/engine.h"
#include "autograd/ops/conv2d.h"
#include "autograd/ops/pool.h"
#include "autograd/ops/relu.h"
#include "tests/networks.h"

namespace nst {
namespace {

using autograd::Variable;

TEST(VggNames, are_the_standard_ones) {
  const auto names16 = nn::vgg_layer_names(16), names19 = nn::vgg_layer_names(19);
  EXPECT_EQ(names16.size(), 13 * 2 + 5u);
  EXPECT_EQ(names19.size(), 16 * 2 + 5u);
  EXPECT_EQ(names16[0], "conv1_1");
  EXPECT_EQ(names19.back(), "pool5");
  EXPECT_EQ(nn::deepest_vgg_layer(19, {"relu1_1", "conv5_4", "relu2_1"}), "conv5_4");
  EXPECT_EQ(nn::vgg_layer_shape(16, "relu4_2").channels, 512);
  EXPECT_EQ(nn::vgg_layer_shape(16, "relu4_2").halvings, 3);
  EXPECT_EQ(nn::vgg_layer_shape(16, "pool4").halvings, 4);
  EXPECT_INVALID(nn::check_vgg_layer(16, "relu3_4"), "vgg16: no layer 'relu3_4'; there are conv1_1 relu1_1");
  EXPECT_INVALID(nn::vgg_layer_names(11), "depth must be 16 or 19");
}

TEST(Vgg, runs_only_as_deep_as_built_and_asked) {
  const nn::Vgg vgg({.depth = 16, .deepest = "relu2_1"});
  const Variable x(testing::random_tensor({1, 16, 16, 3}, DType::float32, 1));
  EXPECT_EQ(vgg.features(x, {"relu1_2"}).at("relu1_2").shape(), (Shape{1, 16, 16, 64}));
  EXPECT_INVALID(vgg.features(x, {"relu3_1"}), "built only up to relu2_1");
  EXPECT_INVALID(vgg.features(x, {"relu9_1"}), "no layer 'relu9_1'");
}

TEST(Vgg, hands_over_each_layer_and_keeps_none) {
  nn::Vgg vgg({.depth = 16, .deepest = "relu3_1"});
  vgg.load_state_dict(testing::random_vgg_weights(16, "relu3_1"));
  const Variable x(testing::random_tensor({1, 16, 16, 3}, DType::float32, 1));
  const std::vector<std::string> in_order{"conv1_1", "relu1_1", "relu1_2", "pool1", "relu2_2", "relu3_1"};
  const auto kept = vgg.features(x, in_order);
  std::vector<std::string> seen;
  std::vector<std::weak_ptr<const void>> maps;
  vgg.visit(x, {"relu3_1", "relu2_2", "pool1", "relu1_2", "relu1_1", "conv1_1"},
            [&](const std::string& layer, const Variable& map) {
              seen.push_back(layer);
              EXPECT_CLOSE(map.value(), kept.at(layer).value(), 0);
              maps.push_back(map.value().storage());
              // What came before this map's own input is gone.
              for (size_t i = 0; i + 2 < maps.size(); ++i) EXPECT_TRUE(maps[i].expired()) << seen[i];
            });
  EXPECT_EQ(seen, in_order);
}

TEST(Vgg, layers_before_and_after_the_relu_are_what_the_ops_give) {
  const auto weights = testing::random_vgg_weights(16, "relu2_1", DType::float64);
  nn::Vgg vgg({.depth = 16, .deepest = "relu2_1"}, DType::float64);
  vgg.load_state_dict(weights);
  const Variable x(testing::random_tensor({1, 9, 11, 3}, DType::float64, 9));
  const auto conv = [&](const Variable& in, const std::string& name) {
    return autograd::conv2d(in, Variable(weights.at(name + ".weight")), Variable(weights.at(name + ".bias")),
                            {.padding = 1});
  };
  const Variable conv1_1 = conv(x, "conv1_1"), conv1_2 = conv(autograd::relu(conv1_1), "conv1_2");
  const Variable pool1 = autograd::max_pool(autograd::relu(conv1_2), {.kernel = 2, .stride = 2});
  const Variable relu2_1 = autograd::relu(conv(pool1, "conv2_1"));
  const auto maps = vgg.features(x, {"conv1_1", "relu1_1", "conv1_2", "pool1", "relu2_1"});
  EXPECT_EQ(maps.size(), 5u);
  EXPECT_CLOSE(maps.at("conv1_1").value(), conv1_1.value(), 1e-12);
  EXPECT_CLOSE(maps.at("relu1_1").value(), autograd::relu(conv1_1).value(), 1e-12);
  EXPECT_CLOSE(maps.at("conv1_2").value(), conv1_2.value(), 1e-12);
  EXPECT_CLOSE(maps.at("pool1").value(), pool1.value(), 1e-12);
  EXPECT_CLOSE(maps.at("relu2_1").value(), relu2_1.value(), 1e-12);
  EXPECT_EQ(pool1.shape(), (Shape{1, 4, 5, 64}));
}

TEST(Vgg, frozen_weights_get_no_gradient_and_save_no_input) {
  nn::Vgg vgg({.depth = 16, .deepest = "relu1_2"});
  vgg.load_state_dict(testing::random_vgg_weights(16, "relu1_2"));
  const Variable x(testing::random_tensor({1, 16, 16, 3}, DType::float32, 2), true);
  const Variable y = vgg.features(x, {"relu1_2"}).at("relu1_2");
  autograd::backward(y, Tensor::full(y.shape(), 1));
  EXPECT_TRUE(x.grad().defined());
  for (const auto& [name, parameter] : vgg.named_parameters())
    EXPECT_FALSE(parameter->grad().defined()) << name;
}

TEST(Vgg, average_pooling_ceil_mode_and_padding_are_options) {
  const auto weights = testing::random_vgg_weights(16, "pool1");
  const Variable x(testing::random_tensor({1, 7, 9, 3}, DType::float32, 2));
  const auto run = [&](nn::VggConfig config) {
    config.deepest = "pool1";
    nn::Vgg vgg(config);
    vgg.load_state_dict(weights);
    return vgg.features(x, {"pool1"}).at("pool1").value();
  };
  const Tensor plain = run({});
  EXPECT_EQ(plain.shape(), (Shape{1, 3, 4, 64}));
  EXPECT_EQ(run({.ceil_mode = true}).shape(), (Shape{1, 4, 5, 64}));
  EXPECT_GT(testing::relative_difference(run({.pooling = nn::Pooling::average}), plain), 1e-3);
  EXPECT_GT(testing::relative_difference(run({.first_padding = ops::PaddingMode::replicate}), plain), 1e-3);
}

TEST(Vgg, says_when_a_picture_is_too_small_or_a_weight_is_missing) {
  const nn::Vgg vgg({.depth = 16, .deepest = "relu3_1"});
  EXPECT_INVALID(vgg.features(Variable(Tensor::zeros({1, 2, 9, 3})), {"relu3_1"}), "too small for pool2");
  nn::Vgg unloaded({.depth = 16, .deepest = "relu2_1"});
  EXPECT_INVALID(unloaded.load_state_dict(testing::random_vgg_weights(16, "relu1_2")),
                 "'conv2_1.weight' is missing");
}

}  // namespace
}  // namespace nst
