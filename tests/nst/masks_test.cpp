#include "nst/masks.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nst/image.h"
#include "tests/support.h"

namespace nst {
namespace {

Tensor step(int64_t h, int64_t w) {
  std::vector<float> values(h * w);
  for (int64_t i = 0; i < h * w; ++i) values[i] = i % w < w / 2 ? 1.0f : 0.0f;
  return Tensor::from<float>({h, w}, values);
}

TEST(Masks, feathering_goes_from_0_to_1_within_four_deviations) {
  const int64_t w = 64;
  const auto soft = feathered(step(5, w), 4).to_vector<double>();
  for (int64_t x = 0; x + 1 < w; ++x) EXPECT_GE(soft[x] + 1e-6, soft[x + 1]);
  // A Gaussian step at its middle and two deviations to either side.
  EXPECT_NEAR((soft[31] + soft[32]) / 2, 0.5, 1e-6);
  EXPECT_GT(soft[31 - 8], 0.97);
  EXPECT_LT(soft[32 + 8], 0.03);
  EXPECT_NEAR(soft[0], 1, 1e-6);
  EXPECT_NEAR(soft[w - 1], 0, 1e-6);
  // Both axes the same.
  std::vector<float> turned(64 * 5);
  const auto values = step(5, 64).to_vector<float>();
  for (int64_t y = 0; y < 5; ++y)
    for (int64_t x = 0; x < 64; ++x) turned[x * 5 + y] = values[y * 64 + x];
  const auto other = feathered(Tensor::from<float>({64, 5}, turned), 4).to_vector<double>();
  for (int64_t x = 0; x < 64; ++x) EXPECT_NEAR(other[x * 5 + 2], soft[2 * 64 + x], 1e-6);
  EXPECT_EQ(feathered(step(3, 6), 0).to_vector<float>(), step(3, 6).to_vector<float>());
  EXPECT_INVALID(feathered(step(3, 6), -1), "at least 0");
}

TEST(Masks, guides_have_a_mean_square_of_one) {
  const auto guide = guide_of(step(16, 24), {4, 6}).to_vector<double>();
  double square = 0;
  for (const double g : guide) square += g * g / static_cast<double>(guide.size());
  EXPECT_NEAR(square, 1, 1e-6);
  EXPECT_NEAR(guide[0], std::sqrt(2), 0.1);  // the edge is soft
  EXPECT_INVALID(guide_of(Tensor::zeros({8, 8}), {4, 4}), "empty");
}

TEST(Masks, binary_masks_are_0_or_1) {
  EXPECT_EQ(binary_mask_of(step(8, 8), {2, 2}).to_vector<float>(), (std::vector<float>{1, 0, 1, 0}));
}

TEST(Masks, is_the_luma_of_a_picture_at_the_size_asked_for) {
  const testing::TemporaryFolder folder;
  save_image(folder / "mask.png", Tensor::from<float>({1, 1, 2, 3}, std::vector<float>{1, 1, 1, 1, 0, 0}));
  const Tensor mask = load_mask(folder / "mask.png", {2, 2});
  ASSERT_EQ(mask.shape(), Shape({2, 2}));
  EXPECT_CLOSE(mask.to_vector<double>(), (std::vector<double>{1, 0.299, 1, 0.299}), 1e-6);
}

TEST(Masks, inverted) {
  EXPECT_EQ(inverted(Tensor::from<float>({1, 3}, std::vector<float>{0, 0.25f, 1})).to_vector<float>(),
            (std::vector<float>{1, 0.75f, 0}));
}

TEST(Blend, is_each_picture_exactly_where_the_mask_is_0_or_1) {
  const Tensor outside = testing::random_tensor({1, 1, 3, 3}, DType::float32, 1),
               inside = testing::random_tensor({1, 1, 3, 3}, DType::float32, 2);
  const Tensor mask = Tensor::from<float>({1, 3}, std::vector<float>{0, 1, 0.25f});
  const auto o = outside.to_vector<float>(), i = inside.to_vector<float>(),
             b = blend(outside, inside, mask).to_vector<float>();
  for (size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(b[k], o[k]);
    EXPECT_EQ(b[3 + k], i[3 + k]);
    EXPECT_NEAR(b[6 + k], 0.75f * o[6 + k] + 0.25f * i[6 + k], 1e-7);
  }
  EXPECT_INVALID(blend(outside, Tensor::zeros({1, 1, 2, 3}), mask), "blend");
  EXPECT_INVALID(blend(outside, inside, Tensor::zeros({1, 2})), "mask must be");
}

}  // namespace
}  // namespace nst
