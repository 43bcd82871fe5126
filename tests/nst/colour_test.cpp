#include "nst/colour.h"

#include <gtest/gtest.h>

#include "nst/colour_statistics.h"
#include "tests/support.h"

namespace nst {
namespace {

// Colours that keep clear of 0 and 1, so that nothing is clamped, and whose channels go together.
Tensor picture(int64_t h, int64_t w, uint64_t seed, double spread = 0.05) {
  const auto noise = testing::random_tensor({1, h, w, 3}, DType::float32, seed).to_vector<float>();
  std::vector<float> values(noise.size());
  const auto s = static_cast<float>(spread), shift = 0.02f * static_cast<float>(seed % 5);
  for (size_t i = 0; i < noise.size(); i += 3) {
    values[i] = 0.45f + shift + s * noise[i];
    values[i + 1] = 0.5f + s * (0.6f * noise[i] + 0.5f * noise[i + 1]);
    values[i + 2] = 0.55f - shift + s * (0.3f * noise[i + 1] - 0.7f * noise[i + 2]);
  }
  return Tensor::from<float>({1, h, w, 3}, values);
}

std::vector<ColourOptions> every_option() {
  std::vector<ColourOptions> all;
  for (const auto method : colour_method_names()) {
    for (const auto space : colour_space_names()) {
      all.push_back({.method = parse_colour_method(method), .space = parse_colour_space(space)});
    }
  }
  return all;
}

std::string describe(const ColourOptions& options) {
  return std::string(name_of(options.method)) + " in " + std::string(name_of(options.space));
}

TEST(TransferColour, luminance_keeps_chroma_and_takes_luma) {
  const Tensor content = testing::random_tensor({1, 5, 7, 3}, DType::float32, 1, 0.4, 0.6);
  const Tensor stylised = testing::random_tensor({1, 5, 7, 3}, DType::float32, 2, 0.4, 0.6);
  const auto c = content.to_vector<double>(), s = stylised.to_vector<double>(),
             y = transfer_colour(stylised, content).to_vector<double>();
  const auto luma = [](const std::vector<double>& v, size_t i) {
    return 0.299 * v[i] + 0.587 * v[i + 1] + 0.114 * v[i + 2];
  };
  for (size_t i = 0; i < y.size(); i += 3) {
    EXPECT_NEAR(luma(y, i), luma(s, i), 1e-6);
    EXPECT_NEAR(y[i + 2] - luma(y, i), c[i + 2] - luma(c, i), 1e-6);  // Cb
    EXPECT_NEAR(y[i] - luma(y, i), c[i] - luma(c, i), 1e-6);          // Cr
  }
}

TEST(TransferColour, luminance_in_oklab_takes_lightness_alone) {
  const Tensor content = picture(9, 11, 1), stylised = picture(9, 11, 2);
  const ColourOptions options{.space = ColourSpace::oklab};
  const auto lab = [](const Tensor& rgb) {
    return to_colour_space(rgb, ColourSpace::oklab).to_vector<double>();
  };
  const auto c = lab(content), s = lab(stylised), y = lab(transfer_colour(stylised, content, options));
  for (size_t i = 0; i < y.size(); i += 3) {
    EXPECT_NEAR(y[i], s[i], 1e-5);
    EXPECT_NEAR(y[i + 1], c[i + 1], 1e-5);
    EXPECT_NEAR(y[i + 2], c[i + 2], 1e-5);
  }
}

TEST(TransferColour, linear_maps_give_the_targets_mean_and_covariance) {
  const Tensor from = picture(33, 41, 1), to = picture(50, 27, 2, 0.03);
  for (const auto method : {ColourMethod::coral, ColourMethod::mk}) {
    for (const auto space : {ColourSpace::rgb, ColourSpace::linear, ColourSpace::oklab}) {
      const Tensor result = transfer_colour(from, to, {.method = method, .space = space});
      const auto got = colour_statistics(to_colour_space(result, space)),
                 wanted = colour_statistics(to_colour_space(to, space));
      EXPECT_LE((got.mean - wanted.mean).cwiseAbs().maxCoeff(), 1e-5);
      EXPECT_LE((got.covariance - wanted.covariance).cwiseAbs().maxCoeff(), 1e-5);
      EXPECT_GT((colour_statistics(to_colour_space(from, space)).covariance - wanted.covariance)
                    .cwiseAbs()
                    .maxCoeff(),
                1e-4);  // it had to work for it
    }
  }
}

TEST(TransferColour, to_itself_is_the_identity) {
  const Tensor p = picture(21, 34, 3);
  for (const auto& options : every_option()) {
    EXPECT_LE(testing::relative_difference(transfer_colour(p, p, options), p), 1e-5) << describe(options);
  }
}

TEST(TransferColour, a_grey_or_plain_picture_stays_finite) {
  std::vector<float> grey(3 * 20 * 30), plain(3 * 20 * 30, 0.25f);
  for (size_t i = 0; i < grey.size(); ++i) grey[i] = static_cast<float>(i / 3 % 200) / 255;
  const std::vector<Tensor> pictures{Tensor::from<float>({1, 20, 30, 3}, grey),
                                     Tensor::from<float>({1, 20, 30, 3}, plain), picture(20, 30, 4)};
  for (const auto& options : every_option()) {
    for (const Tensor& from : pictures) {
      for (const Tensor& to : pictures) {
        for (const float v : transfer_colour(from, to, options).to_vector<float>()) {
          ASSERT_TRUE(v >= 0 && v <= 1) << v << " with " << describe(options);
        }
      }
    }
  }
}

TEST(TransferColour, is_clamped) {
  const Tensor dark = Tensor::full({1, 2, 2, 3}, 0.9);
  const Tensor saturated =
      Tensor::from<float>({1, 2, 2, 3}, std::vector<float>{1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0});
  for (const float v : transfer_colour(dark, saturated).to_vector<float>())
    EXPECT_TRUE(v >= 0 && v <= 1) << v;
}

TEST(TransferColour, a_mask_bounds_what_changes_and_what_is_measured) {
  Tensor from = picture(16, 16, 1);
  const Tensor to = picture(10, 10, 2);
  Tensor mask = Tensor::zeros({16, 16});
  for (int i = 0; i < 16 * 8; ++i) mask.mutable_data<float>()[i] = 1;
  // What the mask hides may be anything.
  for (int64_t i = 3 * 16 * 8; i < from.numel(); ++i) from.mutable_data<float>()[i] = 1;
  for (const auto method : {ColourMethod::histogram, ColourMethod::coral, ColourMethod::mk}) {
    const Tensor result = transfer_colour(from, to, {.method = method, .mask = mask});
    const auto f = from.to_vector<float>(), r = result.to_vector<float>();
    EXPECT_TRUE(std::equal(f.begin() + 3 * 16 * 8, f.end(), r.begin() + 3 * 16 * 8));
    const auto got = colour_statistics(result, mask), wanted = colour_statistics(to);
    EXPECT_LE((got.mean - wanted.mean).cwiseAbs().maxCoeff(), 1e-5) << name_of(method);
  }
  // And on the other side.
  const Tensor result = transfer_colour(to, from, {.method = ColourMethod::mk, .colours_mask = mask});
  EXPECT_LE((colour_statistics(result).mean - colour_statistics(from, mask).mean).cwiseAbs().maxCoeff(),
            1e-5);
}

TEST(TransferColour, refuses_what_does_not_fit) {
  const Tensor p = Tensor::zeros({1, 2, 2, 3});
  EXPECT_INVALID(transfer_colour(p, Tensor::zeros({1, 2, 3, 3})), "operands must agree");
  EXPECT_INVALID(transfer_colour(Tensor::zeros({1, 2, 2, 1}), p), "picture must be (1, H, W, 3)");
  EXPECT_INVALID(transfer_colour(p, Tensor::zeros({2, 2, 2, 3})), "colours must be (1, H, W, 3)");
  EXPECT_INVALID(transfer_colour(p, p, {.mask = Tensor::zeros({2, 3})}), "mask must be");
  EXPECT_INVALID(transfer_colour(p, p, {.colours_mask = Tensor::zeros({2, 2})}),
                 "colours_mask is 0 everywhere");
  EXPECT_INVALID(parse_colour_method("yuv"), "'yuv' is not one of luminance, histogram, coral, mk");
}

}  // namespace
}  // namespace nst
