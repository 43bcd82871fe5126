#include "nst/colour_space.h"

#include <gtest/gtest.h>

#include "tests/support.h"

namespace nst {
namespace {

Tensor pixels(const std::vector<float>& values) {
  return Tensor::from<float>({1, 1, static_cast<int64_t>(values.size()) / 3, 3}, values);
}

TEST(ColourSpace, linear_is_the_srgb_curve) {
  // Both pieces of the curve, their joint, and the mirror image below zero.
  const Tensor linear = to_colour_space(pixels({0, 0.04f, 0.04045f, 0.5f, 1, -0.5f}), ColourSpace::linear);
  EXPECT_CLOSE(linear.to_vector<double>(),
               (std::vector<double>{0, 0.0030959752, 0.0031308050, 0.2140411405, 1, -0.2140411405}), 1e-6);
}

// Values from Ottosson's definition, computed in Python's double.
TEST(ColourSpace, oklab_of_known_colours) {
  const Tensor lab =
      to_colour_space(pixels({1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0.5f, 0.25f, 0.75f}), ColourSpace::oklab);
  EXPECT_CLOSE(lab.to_vector<double>(),
               (std::vector<double>{1.0, 0.0, 0.0,                               //
                                    0.6279553639, 0.2248630684, 0.1258462985,    //
                                    0.8664396115, -0.2338875742, 0.1794984799,   //
                                    0.4520137184, -0.0324569842, -0.3115281477,  //
                                    0.5152236554, 0.1049290797, -0.1603802223}),
               1e-5);
}

TEST(ColourSpace, greys_have_no_chroma_in_oklab) {
  const auto lab =
      to_colour_space(pixels({0.2f, 0.2f, 0.2f, 0.7f, 0.7f, 0.7f}), ColourSpace::oklab).to_vector<double>();
  for (const size_t i : {1, 2, 4, 5}) EXPECT_NEAR(lab[i], 0, 1e-6);
}

TEST(ColourSpace, ways_back) {
  const Tensor rgb = testing::random_tensor({1, 17, 33, 3}, DType::float32, 1, -0.1, 1.1);
  for (const auto name : colour_space_names()) {
    const ColourSpace space = parse_colour_space(name);
    // Near black both the cube roots and the curve are steep.
    EXPECT_CLOSE(from_colour_space(to_colour_space(rgb, space), space), rgb, 2e-5);
  }
}

TEST(ColourSpace, luminance_moves_by_what_is_added) {
  for (const auto name : colour_space_names()) {
    const Luminance l = luminance_in(parse_colour_space(name));
    float sum = 0;
    for (int k = 0; k < 3; ++k) sum += l.weights[k] * l.direction[k];
    EXPECT_NEAR(sum, 1, 1e-6) << name;
  }
}

TEST(ColourSpace, refuses_what_is_no_colour_picture) {
  EXPECT_INVALID(to_colour_space(Tensor::zeros({1, 2, 2, 1}), ColourSpace::oklab),
                 "picture must be (1, H, W, 3)");
  EXPECT_INVALID(parse_colour_space("lab"), "'lab' is not one of rgb, linear, oklab");
}

}  // namespace
}  // namespace nst
