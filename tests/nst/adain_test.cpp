// The AdaIN layer, its network and its training objective.
#include <gtest/gtest.h>

#include "autograd/engine.h"
#include "autograd/gradcheck.h"
#include "nn/initialise.h"
#include "nn/known_networks.h"
#include "nn/normalise_activations.h"
#include "nst/adain/objective.h"
#include "nst/adain/wct.h"
#include "tensor/ops/channel_stats.h"
#include "tensor/ops/elementwise.h"
#include "tests/support.h"

namespace nst {
namespace {

using autograd::Variable;
using testing::random_tensor;

constexpr int64_t kWidth = 4;

std::unique_ptr<AdainNetwork> small_network(DType dtype = DType::float32) {
  auto network = std::make_unique<AdainNetwork>(nn::compact_adain_encoder(kWidth),
                                                nn::compact_adain_decoder(kWidth), kTorchAdain, dtype);
  nn::initialise(*network, 3);
  return network;
}

Tensor picture(int64_t height, int64_t width, uint64_t seed, DType dtype = DType::float32) {
  return random_tensor({1, height, width, 3}, dtype, seed, 0, 1);
}

// The same with a 32nd of the channels.
nn::ImageNetworkConfig narrowed(nn::ImageNetworkConfig config) {
  if (config.in_channels > 3) config.in_channels /= 32;
  for (auto& block : config.blocks) {
    if (block.channels > 3) block.channels /= 32;
  }
  return config;
}

// A loss network of three blocks, of the shape of a VGG.
std::unique_ptr<nn::ImageNetwork> small_loss_network(DType dtype) {
  auto network =
      std::make_unique<nn::ImageNetwork>(narrowed(nn::adain_encoder(16, nn::AdainDepth::relu3_1)), dtype);
  nn::initialise(*network, 5);
  network->requires_grad(false);
  return network;
}

class AdainLayer : public ::testing::TestWithParam<AdainParams> {};

TEST_P(AdainLayer, gives_the_content_the_styles_statistics) {
  const Variable content(random_tensor({2, 9, 7, 5}, DType::float64, 1, 0, 3));
  const Variable style(random_tensor({2, 6, 11, 5}, DType::float64, 2, -4, 1));
  // Without an eps the statistics are met exactly.
  const AdainParams params{GetParam().variance, 0};
  const auto wanted = channel_statistics(style, params);
  const auto got = channel_statistics(adain(content, wanted, params), params);
  EXPECT_CLOSE(got.mean.value(), wanted.mean.value(), 1e-13);
  EXPECT_CLOSE(got.std.value(), wanted.std.value(), 1e-13);
}

TEST_P(AdainLayer, leaves_content_in_its_own_style_alone) {
  const Variable content(random_tensor({1, 5, 4, 3}, DType::float64, 1));
  EXPECT_CLOSE(adain(content, channel_statistics(content, GetParam()), GetParam()).value(), content.value(),
               1e-13);
}

TEST_P(AdainLayer, gradients_of_content_and_style) {
  const auto f = [params = GetParam()](const std::vector<Variable>& v) {
    return adain(v[0], channel_statistics(v[1], params), params);
  };
  const auto result = autograd::gradcheck(
      f, {random_tensor({2, 3, 4, 3}, DType::float64, 1), random_tensor({2, 5, 2, 3}, DType::float64, 2)});
  EXPECT_TRUE(result.ok) << result.message;
}

INSTANTIATE_TEST_SUITE_P(conventions, AdainLayer, ::testing::Values(kTorchAdain, kNaotoAdain),
                         [](const auto& info) {
                           return info.param.variance == ops::Variance::biased ? "biased" : "unbiased";
                         });

TEST(AdainLayer, the_conventions_differ_by_what_they_say) {
  const Variable x(random_tensor({1, 3, 3, 2}, DType::float64, 1));
  const auto biased = channel_statistics(x, {ops::Variance::biased, 0}).std.value().to_vector<double>();
  const auto unbiased = channel_statistics(x, {ops::Variance::unbiased, 0}).std.value().to_vector<double>();
  for (size_t i = 0; i < biased.size(); ++i) EXPECT_NEAR(unbiased[i] / biased[i], std::sqrt(9.0 / 8), 1e-13);
}

TEST(AdainNetwork, keeps_the_contents_size_whatever_it_is) {
  const auto network = small_network();
  const std::vector styles{network->encode_style(picture(16, 20, 2))};
  for (const auto& [height, width] : {std::pair{16, 24}, {17, 23}, {13, 14}, {18, 11}}) {
    const Tensor result = network->stylise(picture(height, width, 1), styles);
    EXPECT_EQ(result.shape(), (Shape{1, height, width, 3}));
    for (const float v : result.to_vector<float>()) EXPECT_TRUE(v >= 0 && v <= 1);
  }
}

// The features and the picture of strips are the whole's, whatever the height: an encoder with poolings and
// its mirrored decoder, and one with residual blocks.
TEST(AdainNetwork, strips_change_nothing) {
  constexpr auto kDepth = nn::AdainDepth::relu3_1;
  const auto deep = std::make_unique<AdainNetwork>(narrowed(nn::adain_encoder(16, kDepth)),
                                                   narrowed(nn::adain_decoder(16, kDepth)));
  nn::initialise(*deep, 4);
  const auto compact = small_network();
  for (const AdainNetwork* network : {deep.get(), compact.get()}) {
    for (const int64_t height : {64, 99, 130}) {
      const Tensor content = picture(height, 21, 1);
      const std::vector styles{network->encode_style(picture(80, 33, 2))};
      const Tensor whole = network->stylise(content, styles, {.strip_pixels = 0}),
                   features = network->encode(content, 0);
      for (const int64_t pixels : {1, 700, 1500}) {
        EXPECT_CLOSE(network->encode(content, pixels), features, 1e-5);
        EXPECT_CLOSE(network->stylise(content, styles, {.strip_pixels = pixels}), whole, 1e-5);
      }
      double least = 1, most = 0;
      for (const float v : whole.to_vector<float>()) {
        least = std::min<double>(least, v);
        most = std::max<double>(most, v);
      }
      EXPECT_GT(most - least, 0.1);  // not a clamped plain
    }
  }
}

TEST(Strips, are_as_many_as_a_picture_has_room_for) {
  EXPECT_EQ(strip_count({1, 1000, 100, 3}, 0), 1);
  EXPECT_EQ(strip_count({1, 1000, 100, 3}, 10000), 10);
  EXPECT_EQ(strip_count({1, 1000, 100, 3}, 1), 62);  // of 16 rows
  EXPECT_EQ(strip_count({1, 10, 100, 3}, 1), 1);
  EXPECT_EQ(strip_count({2, 1000, 100, 3}, 10000), 1);
  EXPECT_EQ(strip_count({1, 2048, 2048, 3}, kAutomaticStrips), 1);
  EXPECT_EQ(strip_count({1, 4096, 4096, 3}, kAutomaticStrips), 16);
}

TEST(AdainNetwork, alpha_0_is_the_decoded_content_and_in_between_is_linear) {
  const auto network = small_network();
  const Tensor content = picture(16, 16, 1);
  const Tensor features = network->encoder()(Variable(content)).value();
  const std::vector styles{network->to_style(network->encode_style(picture(16, 20, 2)))};
  const auto mixed = [&](double alpha) { return mix_styles(features, {16, 16}, styles, {.alpha = alpha}); };
  EXPECT_CLOSE(mixed(0), features, 1e-6);
  EXPECT_CLOSE(mixed(0.25), ops::add(ops::affine(features, 0.75), ops::affine(mixed(1), 0.25)), 1e-6);
  EXPECT_GT(testing::relative_difference(mixed(1), features), 0.1);
}

TEST(AdainNetwork, weights_mix_styles) {
  const auto network = small_network();
  const Tensor features = network->encoder()(Variable(picture(16, 16, 1))).value();
  const std::vector styles{network->to_style(network->encode_style(picture(16, 20, 2))),
                           network->to_style(network->encode_style(picture(12, 12, 3)))};
  const auto mixed = [&](std::vector<double> weights) {
    return mix_styles(features, {16, 16}, styles, {.weights = std::move(weights)});
  };
  const Tensor first = mixed({1, 0}), second = mixed({0, 5});
  EXPECT_CLOSE(mixed({3, 1}), ops::add(ops::affine(first, 0.75), ops::affine(second, 0.25)), 1e-5);
  EXPECT_CLOSE(mixed({}), mixed({2, 2}), 1e-6);
  EXPECT_GT(testing::relative_difference(first, second), 0.1);
}

TEST(AdainNetwork, masks_say_where) {
  const auto network = small_network();
  const PictureSize size{16, 16};
  const Tensor features = network->encoder()(Variable(picture(16, 16, 1))).value();  // (1, 4, 4, C)
  const std::vector styles{network->to_style(network->encode_style(picture(16, 20, 2))),
                           network->to_style(network->encode_style(picture(12, 12, 3)))};
  std::vector<float> left(256), right(256);
  for (size_t i = 0; i < 256; ++i) (i % 16 < 8 ? left : right)[i] = 1;
  const Tensor left_mask = Tensor::from<float>({1, 16, 16, 1}, left),
               right_mask = Tensor::from<float>({1, 16, 16, 1}, right);
  const auto column = [](const Tensor& map, int64_t x) {
    const auto v = map.to_vector<double>();
    const int64_t c = map.size(3);
    std::vector<double> values;
    for (int64_t y = 0; y < 4; ++y) {
      for (int64_t k = 0; k < c; ++k) values.push_back(v[(y * 4 + x) * c + k]);
    }
    return values;
  };
  const Tensor both = mix_styles(features, size, styles, {.masks = {left_mask, right_mask}});
  const Tensor first = mix_styles(features, size, {styles.data(), 1}, {});
  const Tensor second = mix_styles(features, size, {styles.data() + 1, 1}, {});
  EXPECT_CLOSE(column(both, 0), column(first, 0), 1e-5);
  EXPECT_CLOSE(column(both, 3), column(second, 3), 1e-5);
  // No style to the right: the content stays there.
  const Tensor one = mix_styles(features, size, {styles.data(), 1}, {.masks = {left_mask}});
  EXPECT_CLOSE(column(one, 0), column(first, 0), 1e-5);
  EXPECT_CLOSE(column(one, 3), column(features, 3), 1e-6);
  // Where both apply they share.
  const Tensor everywhere = Tensor::full({1, 16, 16, 1}, 1);
  EXPECT_CLOSE(mix_styles(features, size, styles, {.weights = {3, 1}, .masks = {everywhere, everywhere}}),
               mix_styles(features, size, styles, {.weights = {3, 1}}), 1e-5);
}

TEST(AdainNetwork, refuses_what_does_not_fit) {
  const auto network = small_network();
  const Tensor content = picture(16, 16, 1);
  const std::vector styles{network->encode_style(picture(16, 16, 2))};
  EXPECT_INVALID(network->stylise(content, std::vector<EncodedStyle>{}), "no style");
  EXPECT_INVALID(network->stylise(content, styles, {.weights = {1, 2}}), "2 weights for 1 styles");
  EXPECT_INVALID(network->stylise(content, styles, {.weights = {0}}), "every style's weight is 0");
  EXPECT_INVALID(network->stylise(content, styles, {.weights = {-1}}), "negative");
  EXPECT_INVALID(network->stylise(content, styles, {.alpha = NAN}), "alpha");
  EXPECT_INVALID(network->stylise(content, styles, {.masks = {Tensor::zeros({1, 8, 8, 1})}}), "mask");
  const std::vector foreign{EncodedStyle{Tensor::zeros({1, 3}), Tensor::zeros({1, 3})}};
  EXPECT_INVALID(network->stylise(content, foreign), "style");
  EXPECT_INVALID(AdainNetwork(nn::compact_adain_encoder(4), nn::compact_adain_decoder(8)),
                 "the encoder gives 16 channels, the decoder takes 32");
}

TEST(Wct, gives_the_content_the_styles_covariance) {
  const Tensor content = random_tensor({1, 9, 7, 4}, DType::float64, 1, 0, 3);
  // Mixed channels, so that there is a covariance to match.
  auto v = random_tensor({1, 8, 11, 4}, DType::float64, 2, -4, 1).to_vector<double>();
  for (size_t i = 0; i < v.size(); i += 4) v[i] += 2 * v[i + 1] - v[i + 3];
  const StyleCovariance style = style_covariance(Tensor::from<double>({1, 8, 11, 4}, v));
  const StyleCovariance got = style_covariance(wct(content, style));
  EXPECT_CLOSE(got.mean, style.mean, 1e-12);
  EXPECT_CLOSE(got.root, style.root, 1e-10);
}

TEST(Wct, does_not_amplify_a_channel_that_is_flat) {
  auto v = random_tensor({1, 6, 6, 3}, DType::float64, 1).to_vector<double>();
  for (size_t i = 0; i < v.size(); i += 3) v[i] = 0.5 + 1e-9 * static_cast<double>(i % 7);
  const Tensor content = Tensor::from<double>({1, 6, 6, 3}, v);
  const StyleCovariance style = style_covariance(random_tensor({1, 6, 6, 3}, DType::float64, 2));
  for (const double x : wct(content, style).to_vector<double>()) EXPECT_TRUE(std::abs(x) < 10);
  EXPECT_INVALID(wct(content, style_covariance(random_tensor({1, 6, 6, 2}, DType::float64, 2))), "mean");
}

TEST(AdainObjective, is_the_sum_of_its_terms) {
  const auto network = small_network(DType::float64);
  const auto loss_network = small_loss_network(DType::float64);
  const Variable content(picture(16, 16, 1, DType::float64)), style(picture(16, 16, 2, DType::float64));
  const auto losses = adain_losses(*network, *loss_network, content, style,
                                   {.layers = {"relu1_1", "relu3_1"},
                                    .content_weight = 2,
                                    .style_weight = 3,
                                    .identity_weight = 4,
                                    .tv_weight = 5});
  const double sum = losses.content.value().item() + losses.style.value().item() +
                     losses.identity.value().item() + losses.tv.value().item();
  EXPECT_NEAR(losses.total.value().item(), sum, 1e-12 * sum);
  const auto half = adain_losses(*network, *loss_network, content, style,
                                 {.layers = {"relu1_1", "relu3_1"}, .content_weight = 1, .style_weight = 0});
  EXPECT_NEAR(half.content.value().item(), losses.content.value().item() / 2, 1e-12);
  EXPECT_FALSE(half.style.defined() || half.identity.defined() || half.tv.defined());
}

// Gradients of every parameter of a network whose encoder is trained, too, by finite differences.
TEST(AdainObjective, trains_encoder_and_decoder) {
  const auto network = small_network(DType::float64);
  const auto loss_network = small_loss_network(DType::float64);
  // Without biases, what a ReLU cuts off is exactly 0 in the picture too, where the next ReLU has its kink.
  uint64_t seed = 0;
  for (const auto& [name, parameter] : network->named_parameters()) {
    if (parameter->shape().rank() == 1) {
      parameter->mutable_value().copy_from(
          random_tensor(parameter->shape(), DType::float64, seed++, -0.1, 0.1));
    }
  }
  const Variable content(picture(12, 12, 1, DType::float64)), style(picture(12, 12, 2, DType::float64));
  const AdainObjectiveOptions options{.layers = {"relu1_1", "relu3_1"}, .identity_weight = 2, .tv_weight = 1};
  const auto value = [&] {
    return adain_losses(*network, *loss_network, content, style, options).total.value().item();
  };
  network->zero_grad();
  autograd::backward(adain_losses(*network, *loss_network, content, style, options).total);
  constexpr double kStep = 1e-6;
  for (const auto& [name, parameter] : network->named_parameters()) {
    // One element of each; kinks of ReLUs are rarely within the step.
    const size_t i = static_cast<size_t>(parameter->shape().numel()) / 2;
    double& element = parameter->mutable_value().mutable_data<double>()[i];
    const double at = element;
    element = at + kStep;
    parameter->mutable_value().mutable_data<double>();  // tells the packed weight
    const double above = value();
    parameter->mutable_value().mutable_data<double>()[i] = at - kStep;
    const double below = value();
    parameter->mutable_value().mutable_data<double>()[i] = at;
    const double numeric = (above - below) / (2 * kStep), ours = parameter->grad().to_vector<double>()[i];
    EXPECT_NEAR(ours, numeric, 1e-5 * std::max(1.0, std::abs(numeric))) << name;
  }
}

TEST(AdainObjective, names_an_unknown_layer) {
  const auto network = small_network();
  const auto loss_network = small_loss_network(DType::float32);
  const Variable x(picture(16, 16, 1));
  EXPECT_INVALID(adain_losses(*network, *loss_network, x, x, {.layers = {"relu9_1"}}), "'relu9_1'");
  EXPECT_INVALID(adain_losses(*network, *loss_network, x, x, {.layers = {}}), "no layers");
  EXPECT_INVALID(adain_losses(*network, *loss_network, x, x,
                              {.layers = {"relu1_1"}, .content_weight = 0, .style_weight = 0}),
                 "every loss has weight 0");
}

TEST(NormaliseActivations, means_become_1_and_features_keep_their_directions) {
  const auto network = small_loss_network(DType::float64);
  const std::vector pictures{picture(12, 16, 1, DType::float64), picture(20, 8, 2, DType::float64)};
  const auto before = network->outputs(Variable(pictures[0]));
  nn::normalise_activations(*network, pictures);
  const auto after = network->outputs(Variable(pictures[0]));
  for (size_t b = 0; b < after.size(); ++b) {
    const auto& block = network->config().blocks[b];
    if (block.kind != nn::Block::Kind::conv || !block.relu) continue;
    const auto v = before[b].value().to_vector<double>(), w = after[b].value().to_vector<double>();
    const size_t channels = static_cast<size_t>(block.channels);
    const auto mean0 = ops::channel_mean_forward(after[b].value()).to_vector<double>();
    const auto mean1 =
        ops::channel_mean_forward(network->outputs(Variable(pictures[1]))[b].value()).to_vector<double>();
    for (size_t k = 0; k < channels; ++k) {
      const double mean = (mean0[k] + mean1[k]) / 2;
      EXPECT_TRUE(mean < 1 + 1e-9) << block.name;  // less in channels that are hardly ever active
      double ratio = 0;
      for (size_t i = k; i < v.size(); i += channels) {
        if (v[i] == 0) {
          EXPECT_EQ(w[i], 0);
        } else if (ratio == 0) {
          ratio = w[i] / v[i];
        } else {
          EXPECT_NEAR(w[i] / v[i], ratio, 1e-9 * ratio);
        }
      }
    }
  }
}

}  // namespace
}  // namespace nst
