// Two styles with complementary masks on one picture: each side is its style's, and the seam is no wider than
// the feathering.
#include <gtest/gtest.h>

#include <cmath>

#include "nst/gatys_objective.h"
#include "nst/masks.h"
#include "tensor/ops/elementwise.h"
#include "tests/networks.h"

namespace nst {
namespace {

using testing::random_picture;

constexpr int64_t kHeight = 32, kWidth = 96;
constexpr int64_t kFeather = 16;  // from one side of the edge to the other: four deviations
// Of relu2_1: two 3x3 convolutions at full size, a pool, and one at half size.
constexpr int64_t kReach = 5;
// Beyond its four deviations a Gaussian edge has 2.3 % left, beyond six 0.1 %.
constexpr int64_t kBand = kFeather / 2 + kFeather / 4;

Tensor left_half() {
  std::vector<float> mask(kHeight * kWidth);
  for (int64_t i = 0; i < kHeight * kWidth; ++i) mask[i] = i % kWidth < kWidth / 2 ? 1 : 0;
  return feathered(Tensor::from<float>({kHeight, kWidth}, mask), kFeather / 4.0);
}

// Pixels of a column, over all rows and channels.
double column_difference(const Tensor& a, const Tensor& b, int64_t column) {
  const auto x = a.to_vector<double>(), y = b.to_vector<double>();
  double sum = 0;
  for (int64_t i = 0; i < kHeight; ++i) {
    for (int64_t k = 0; k < 3; ++k) {
      const size_t at = static_cast<size_t>((i * kWidth + column) * 3 + k);
      sum += std::abs(x[at] - y[at]);
    }
  }
  return sum / (3 * kHeight);
}

class Regions : public ::testing::Test {
 protected:
  // The gradient of the style loss at a picture, one style per side.
  Tensor gradient(const Tensor& left, const Tensor& right) const {
    const Tensor mask = left_half();
    const GatysOptions options{.content_layers = {}, .style_layers = {{"relu1_1"}, {"relu2_1"}}};
    const std::vector<StylePicture> styles{{left, 1, mask}, {right, 1, inverted(mask)}};
    return GatysObjective(network_, content_, styles, options).evaluate(content_).grad;
  }

  LossNetwork network_{{.depth = 16, .deepest = "relu2_1"},
                       testing::random_vgg_weights(16, "relu2_1"),
                       nn::kCaffePreprocessing};
  Tensor content_ = random_picture(kHeight, kWidth, 1);
};

TEST_F(Regions, one_style_does_not_reach_beyond_the_feathering) {
  const Tensor left = random_picture(40, 40, 2), right = random_picture(40, 40, 3),
               other = ops::affine(random_picture(40, 40, 4), 0.3);
  const Tensor both = gradient(left, right);
  for (const bool other_on_the_right : {true, false}) {
    const Tensor changed = other_on_the_right ? gradient(left, other) : gradient(other, right);
    const auto difference = [&](int64_t from_own_side) {
      return column_difference(both, changed,
                               other_on_the_right ? from_own_side : kWidth - 1 - from_own_side);
    };
    const double inside = difference(kWidth * 3 / 4);
    ASSERT_GT(inside, 0);
    for (int64_t column = 0; column < kWidth / 2 - kBand - kReach; ++column)
      EXPECT_LE(difference(column), 1e-3 * inside) << "column " << column;
    // Within the band both have a say: a test that saw no difference anywhere would prove nothing.
    EXPECT_GT(difference(kWidth / 2 - 2), 0.01 * inside);
  }
}

}  // namespace
}  // namespace nst
