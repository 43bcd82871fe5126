// The published transform network, the AdaIN encoder and its decoder, with formula weights, against PyTorch:
// output and gradients.
#include <gtest/gtest.h>

#include "autograd/engine.h"
#include "nn/known_networks.h"
#include "nn/published_keys.h"
#include "tests/golden/networks.h"

namespace nst {
namespace {

using autograd::Variable;
using testing::Agreement;
using testing::formula;
using testing::GoldenFile;

struct Case {
  std::string name;  // in the file
  nn::ImageNetworkConfig config;
  nn::KeyMap keys;
};

std::vector<Case> cases() {
  const auto encoder = nn::adain_encoder(), decoder = nn::adain_decoder();
  return {{"fast", nn::pytorch_examples_transform(), nn::pytorch_examples_keys()},
          {"adain_encoder", encoder, nn::sequential_keys(encoder)},
          {"adain_decoder", decoder, nn::sequential_keys(decoder)}};
}

class GoldenNetworks : public ::testing::TestWithParam<std::pair<DType, double>> {};

TEST_P(GoldenNetworks, outputs_and_gradients) {
  const auto [dtype, tolerance] = GetParam();
  const GoldenFile golden("networks");
  Agreement agreement(std::string("transform networks, ") + std::string(name_of(dtype)), tolerance);
  for (const auto& [name, config, keys] : cases()) {
    SCOPED_TRACE(name);
    nn::ImageNetwork network(config, dtype);
    network.load_state_dict(testing::formula_weights(name, network, keys));

    const Variable x(golden.read(name + "/x", dtype), true);
    const Variable y = network(x);
    agreement.check(name + "/y", y.value(), golden.read(name + "/y", DType::float64));
    autograd::backward(y, formula(name + "/v", y.shape(), 1, dtype));
    agreement.check(name + "/grad_x", x.grad(), golden.read(name + "/grad_x", DType::float64));
    nn::StateDict gradients;
    for (const auto& [path, parameter] : network.named_parameters()) gradients[path] = parameter->grad();
    for (const auto& [key, gradient] : nn::to_published(gradients, keys)) {
      const std::string stored = name + "/grad_" + key;
      if (golden.contains(stored)) agreement.check(stored, gradient, golden.read(stored, DType::float64));
    }
  }
}

// The file keeps float32.
INSTANTIATE_TEST_SUITE_P(types, GoldenNetworks,
                         ::testing::Values(std::pair{DType::float64, 1e-7}, std::pair{DType::float32, 5e-5}),
                         [](const auto& info) { return std::string(name_of(info.param.first)); });

TEST(PublishedKeys, are_those_of_the_published_files) {
  const auto encoder = nn::sequential_keys(nn::adain_encoder());
  ASSERT_EQ(encoder.size(), 10u);
  const std::vector<std::string> places{"0", "2", "5", "9", "12", "16", "19", "22", "25", "29"};
  for (size_t i = 0; i < places.size(); ++i) EXPECT_EQ(encoder[i].second, places[i]);
  EXPECT_EQ(encoder[9].first, "conv4_1.conv");
  const std::vector<std::string> decoder_places{"1", "5", "8", "11", "14", "18", "21", "25", "28"};
  const auto decoder = nn::sequential_keys(nn::adain_decoder());
  ASSERT_EQ(decoder.size(), decoder_places.size());
  for (size_t i = 0; i < decoder.size(); ++i) EXPECT_EQ(decoder[i].second, decoder_places[i]);
  EXPECT_EQ(nn::pytorch_examples_keys().size(), 31u);  // 62 tensors
}

TEST(PublishedKeys, name_what_is_missing) {
  EXPECT_INVALID(nn::from_published({}, nn::pytorch_examples_keys()), "'conv1.conv2d.weight' is missing");
}

TEST(ImageNetworkErrors, name_the_block) {
  EXPECT_INVALID(nn::ImageNetwork({.blocks = {{.name = "first", .channels = 4, .kernel = 4}}}),
                 "image network: block 'first' has 4 channels, kernel 4");
}

}  // namespace
}  // namespace nst
