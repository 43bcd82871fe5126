#include "nn/image_network.h"

#include <gtest/gtest.h>

#include <cmath>

#include "autograd/engine.h"
#include "autograd/gradcheck.h"
#include "nn/known_networks.h"
#include "tests/support.h"

namespace nst {
namespace {

using autograd::Variable;
using testing::random_tensor;

// A convolution with a norm and a ReLU, a residual, a last layer; few channels.
nn::ImageNetworkConfig small_network(int64_t styles) {
  return {.blocks = {{.name = "first", .channels = 4, .stride = 2, .norm = true},
                     {.kind = nn::Block::Kind::residual, .name = "middle", .norm = true},
                     {.name = "last", .channels = 3, .upsample = 2, .relu = false}},
          .styles = styles};
}

nn::StateDict random_parameters(nn::Module& network, DType dtype) {
  nn::StateDict state;
  uint64_t seed = 1;
  for (const auto& [name, parameter] : network.named_parameters()) {
    state[name] = random_tensor(parameter->shape(), dtype, seed++);
  }
  return state;
}

TEST(ConditionalNorm, has_parameters_per_style) {
  nn::ImageNetwork plain(small_network(1)), conditional(small_network(2));
  const auto of_plain = plain.state_dict(), of_conditional = conditional.state_dict();
  EXPECT_TRUE(of_plain.contains("first.norm.weight"));
  for (const auto* name : {"first.norm.weight.0", "first.norm.bias.1", "middle.norm2.weight.1"}) {
    EXPECT_TRUE(of_conditional.contains(name)) << name;
  }
  // Three norms with a second weight and bias each.
  EXPECT_EQ(of_conditional.size(), of_plain.size() + 6);
}

TEST(ConditionalNorm, one_style_is_the_plain_network_with_its_parameters) {
  nn::ImageNetwork plain(small_network(1)), conditional(small_network(3));
  const nn::StateDict state = random_parameters(conditional, DType::float32);
  conditional.load_state_dict(state);
  nn::StateDict of_style;
  for (const auto& [name, parameter] : plain.named_parameters()) {
    const bool norm = name.find(".norm") != std::string::npos;
    of_style[name] = state.at(norm ? name + ".2" : name);
  }
  plain.load_state_dict(of_style);
  const Variable x(random_tensor({1, 10, 8, 3}, DType::float32, 99));
  EXPECT_CLOSE(conditional(x, {{2}}).value(), plain(x).value(), 0);
  EXPECT_FALSE(testing::relative_difference(conditional(x, {{1}}).value(), plain(x).value()) < 1e-2);
}

TEST(ConditionalNorm, training_one_style_leaves_the_others_without_gradient) {
  nn::ImageNetwork network(small_network(3));
  network.load_state_dict(random_parameters(network, DType::float32));
  const Variable y = network(Variable(random_tensor({1, 10, 8, 3}, DType::float32, 99)), {{1}});
  autograd::backward(y, Tensor::full(y.shape(), 1));
  for (const auto& [name, parameter] : network.named_parameters()) {
    const bool other =
        name.find(".norm") != std::string::npos && (name.ends_with(".0") || name.ends_with(".2"));
    EXPECT_EQ(parameter->grad().defined(), !other) << name;
  }
}

TEST(ConditionalNorm, a_blend_is_the_blend_of_parameters) {
  nn::InstanceNorm norm(5, {}, 2, DType::float64);
  const nn::StateDict state = random_parameters(norm, DType::float64);
  norm.load_state_dict(state);
  const auto blend = [&](const std::string& name) {
    const auto a = state.at(name + ".0").to_vector<double>(), b = state.at(name + ".1").to_vector<double>();
    std::vector<double> sum(a.size());
    for (size_t i = 0; i < a.size(); ++i) sum[i] = 0.7 * a[i] + 0.3 * b[i];
    return Variable(Tensor::from<double>({5}, sum));
  };
  const Variable x(random_tensor({2, 6, 7, 5}, DType::float64, 99));
  EXPECT_CLOSE(norm(x, {{0, 0.7}, {1, 0.3}}).value(),
               autograd::instance_norm(x, blend("weight"), blend("bias")).value(), 1e-14);
}

// Every style's parameters, in a blend, against differences.
TEST(ConditionalNorm, gradients_of_a_blend) {
  nn::InstanceNorm norm(3, {}, 2, DType::float64);
  const auto parameters = norm.named_parameters();
  std::vector<Tensor> inputs;
  for (const auto& [name, tensor] : random_parameters(norm, DType::float64)) inputs.push_back(tensor);
  const Tensor x = random_tensor({2, 4, 5, 3}, DType::float64, 99);
  const auto result = autograd::gradcheck(
      [&](const std::vector<Variable>& v) {
        for (size_t i = 0; i < v.size(); ++i) *parameters[i].second = v[i];
        return norm(Variable(x), {{0, 0.7}, {1, 0.3}});
      },
      inputs);
  EXPECT_TRUE(result.ok) << result.message;
}

TEST(ImageNetwork, keeps_colours_within_the_output_range) {
  nn::ImageNetworkConfig config = small_network(1);
  nn::ImageNetwork linear(config);
  const nn::StateDict state = random_parameters(linear, DType::float32);
  linear.load_state_dict(state);
  config.output = {.tanh = true, .scale = 150, .offset = 127.5};
  nn::ImageNetwork bounded(config);
  bounded.load_state_dict(state);
  const Variable x(random_tensor({1, 10, 8, 3}, DType::float32, 99));
  auto expected = linear(x).value().to_vector<double>();
  for (double& v : expected) v = 150 * std::tanh(v) + 127.5;
  EXPECT_CLOSE(bounded(x).value().to_vector<double>(), expected, 1e-6);
}

TEST(QuickTransform, returns_a_picture_of_the_size_it_was_given) {
  nn::ImageNetwork network(nn::quick_transform(8, 3));
  network.load_state_dict(random_parameters(network, DType::float32));
  EXPECT_EQ(network(Variable(random_tensor({1, 20, 28, 3}, DType::float32, 99)), {{2}}).shape(),
            Shape({1, 20, 28, 3}));
}

TEST(ConditionalNorm, refuses_styles_that_it_lacks) {
  nn::ImageNetwork network(small_network(3));
  const Variable x(random_tensor({1, 10, 8, 3}, DType::float32, 99));
  EXPECT_INVALID(network(x), "which of 3 styles?");
  EXPECT_INVALID(network(x, {{3}}), "no style 3, there are 3");
  EXPECT_INVALID(network(x, {{-1}}), "no style -1");
  EXPECT_INVALID(nn::ImageNetwork(small_network(0)), "0 styles");
}

}  // namespace
}  // namespace nst
