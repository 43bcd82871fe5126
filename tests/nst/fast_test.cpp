#include "nst/fast.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/known_networks.h"
#include "tests/networks.h"

namespace nst {
namespace {

using testing::random_picture;
using testing::random_tensor;

// A network of some architecture with random parameters.
nn::TransformModel random_model(nn::ImageNetworkConfig config) {
  nn::TransformModel model{.config = std::move(config)};
  uint64_t seed = 1;
  nn::ImageNetwork network(model.config);
  for (const auto& [name, parameter] : network.named_parameters()) {
    const Shape& shape = parameter->shape();
    const double bound =
        shape.rank() == 4 ? std::sqrt(6.0 / static_cast<double>(shape.numel() / shape[0])) : 1;
    model.state[name] = random_tensor(shape, DType::float32, seed++, -bound, bound);
  }
  // In the middle of 0..255, where nothing is clamped.
  if (!model.config.output.tanh) model.config.output = {.scale = 20, .offset = 128};
  return model;
}

double largest_difference(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.shape(), b.shape());
  const auto x = a.to_vector<double>(), y = b.to_vector<double>();
  double largest = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double difference = std::abs(x[i] - y[i]);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

TEST(FastStyle, keeps_any_size) {
  for (const auto& config :
       {nn::pytorch_examples_transform(4), nn::lengstrom_transform(4), nn::quick_transform(4)}) {
    const FastStyle style(random_model(config));
    for (const auto& [height, width] : {std::pair{32, 40}, {33, 47}, {21, 30}, {9, 9}}) {
      const Tensor picture = random_picture(height, width, 7);
      EXPECT_EQ(style(picture).shape(), picture.shape());
    }
  }
  const FastStyle johnson(random_model(nn::johnson_transform(2)));
  EXPECT_EQ(johnson(random_picture(45, 50, 7)).shape(), Shape({1, 45, 50, 3}));
}

TEST(FastStyle, strips_show_no_seams) {
  for (const auto& config : {nn::pytorch_examples_transform(4), nn::quick_transform(4)}) {
    const FastStyle style(random_model(config));
    for (const auto& [height, width] : {std::pair{160, 40}, {131, 35}}) {
      const Tensor picture = random_picture(height, width, 7), whole = style(picture);
      for (const int64_t pixels : {1, 20 * 40, 50 * 40}) {
        const double difference = largest_difference(style(picture, {.strip_pixels = pixels}), whole);
        EXPECT_TRUE(difference <= 1e-3) << difference << " of 255 in strips of " << pixels;
      }
    }
  }
}

TEST(FastStyle, strips_blend_styles) {
  const FastStyle style(random_model(nn::quick_transform(4, 3)));
  const Tensor picture = random_picture(96, 40, 7);
  const nn::StyleMix mix{{0, 0.7}, {2, 0.3}};
  const double difference =
      largest_difference(style(picture, {.mix = mix, .strip_pixels = 1000}), style(picture, {.mix = mix}));
  EXPECT_TRUE(difference <= 1e-3) << difference;
}

TEST(FastStyle, strength_mixes_in_the_picture) {
  const FastStyle style(random_model(nn::quick_transform(4)));
  const Tensor picture = random_picture(32, 32, 7);
  EXPECT_TRUE(largest_difference(style(picture, {.strength = 0}), picture) == 0);
  const auto full = style(picture).to_vector<double>(), content = picture.to_vector<double>(),
             half = style(picture, {.strength = 0.5}).to_vector<double>();
  for (size_t i = 0; i < half.size(); ++i) ASSERT_NEAR(half[i], (full[i] + content[i]) / 2, 1e-4);
}

TEST(FastStyle, preserves_colours) {
  const FastStyle style(random_model(nn::quick_transform(4)));
  const Tensor grey = Tensor::full({1, 32, 32, 3}, 90);
  const auto y = style(grey, {.preserve_color = ColourOptions{}}).to_vector<double>();
  for (size_t i = 0; i < y.size(); i += 3) {
    ASSERT_NEAR(y[i], y[i + 1], 1e-3);
    ASSERT_NEAR(y[i], y[i + 2], 1e-3);
  }
}

// Where zeros around a network's maps would leave a frame: a flat picture stays flat up to its edge.
TEST(FastStyle, leaves_no_frame) {
  const auto model = random_model(nn::lengstrom_transform(4));
  const auto spread = [](const Tensor& y) {
    const auto v = y.to_vector<double>();
    double largest = 0;
    const int64_t height = y.size(1), width = y.size(2);
    for (int64_t i = 0; i < height; ++i) {
      for (int64_t c = 0; c < 3; ++c) {
        const auto at = [&](int64_t row, int64_t column) {
          return v[static_cast<size_t>((row * width + column) * 3 + c)];
        };
        largest = std::max(largest, std::abs(at(i, 0) - at(i, 4)));
      }
    }
    return largest;
  };
  const Tensor flat = Tensor::full({1, 64, 64, 3}, 120);
  const Tensor bare = (*nn::make_network(model))(autograd::Variable(flat)).value();
  EXPECT_LT(spread(FastStyle(model)(flat)), 0.5 * spread(bare));
}

TEST(FastStyle, needs_to_know_the_style) {
  const FastStyle style(random_model(nn::quick_transform(4, 2)));
  EXPECT_INVALID(style(random_picture(32, 32, 7)), "which of 2 styles");
  EXPECT_INVALID(style(random_picture(32, 32, 7), {.mix = {{2}}}), "no style 2");
}

}  // namespace
}  // namespace nst
