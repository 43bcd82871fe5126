// An objective evaluated tile by tile is the whole one.
#include <gtest/gtest.h>

#include "nst/improved.h"
#include "nst/picture_tiles.h"
#include "tests/networks.h"

namespace nst {
namespace {

using testing::random_picture;

TEST(PictureTiles, cover_the_picture_once) {
  const TileReach reach{.radius = 13, .alignment = 8};
  for (const auto size : {PictureSize{40, 40}, PictureSize{41, 70}, PictureSize{9, 100}, PictureSize{7, 5}}) {
    std::vector<int> covered(size.height * size.width);
    for (const Tile& tile : picture_tiles(size, 20, reach)) {
      EXPECT_EQ(tile.core.top % 8, 0);
      EXPECT_EQ(tile.crop.left % 8, 0);
      EXPECT_TRUE(tile.crop.top == 0 || tile.core.top - tile.crop.top >= 13);
      EXPECT_TRUE(tile.crop.top + tile.crop.height == size.height ||
                  tile.crop.top + tile.crop.height >= tile.core.top + tile.core.height + 13);
      for (int64_t y = 0; y < tile.core.height; ++y) {
        for (int64_t x = 0; x < tile.core.width; ++x)
          ++covered[(tile.core.top + y) * size.width + tile.core.left + x];
      }
    }
    EXPECT_EQ(covered, std::vector<int>(size.height * size.width, 1));
  }
}

TEST(PictureTiles, reach_is_that_of_the_deepest_layer) {
  EXPECT_EQ(tile_reach(16, {"relu1_1"}, {}).radius, 1);
  EXPECT_EQ(tile_reach(16, {"relu1_2", "relu1_1"}, {}).radius, 2);
  EXPECT_EQ(tile_reach(16, {"relu2_1"}, {}).radius, 2 + 1 + 2);
  EXPECT_EQ(tile_reach(16, {"relu2_1"}, {}).alignment, 2);
  EXPECT_EQ(tile_reach(16, {"relu2_1", "relu1_2"}, {{"relu2_1", 1, "relu1_2", 4}}).radius, 2 + 1 + 2 + 4);
}

struct Case {
  std::string name;
  GatysOptions options;
  nn::VggConfig vgg;
  bool regions = false;
  double tolerance = 1e-11;
};

class TiledObjective : public ::testing::TestWithParam<Case> {};

TEST_P(TiledObjective, equals_the_whole) {
  const Case& c = GetParam();
  const LossNetwork network(c.vgg, testing::random_vgg_weights(16, c.vgg.deepest, DType::float64),
                            nn::kCaffePreprocessing, DType::float64);
  const auto picture = [](int64_t h, int64_t w, uint64_t seed) {
    return random_picture(h, w, seed, DType::float64);
  };
  // Odd sizes, larger than a tile with its surroundings.
  const int64_t h = 75, w = 90;
  std::vector<StylePicture> styles{{picture(61, 83, 2), 1}, {picture(70, 40, 3), 2}};
  GatysOptions options = c.options;
  if (c.regions) {
    styles[0].region = testing::random_tensor({h, w}, DType::float64, 4, 0, 1);
    styles[0].source = testing::random_tensor({61, 83}, DType::float64, 5, 0, 1);
    options.content_region = testing::random_tensor({h, w}, DType::float64, 6, 0, 1);
  }
  const Tensor content = picture(h, w, 1), x = picture(h, w, 7);
  const GatysObjective whole(network, content, styles, options);
  options.tile = 16;
  const GatysObjective tiled(network, content, styles, options);
  const auto expected = whole.evaluate(x), result = tiled.evaluate(x);
  EXPECT_CLOSE(result.grad, expected.grad, c.tolerance);
  const LossTerms a = whole.read(expected.terms), b = tiled.read(result.terms);
  EXPECT_NEAR(b.total, a.total, c.tolerance * std::abs(a.total));
  EXPECT_NEAR(b.content, a.content, c.tolerance * a.content);
  EXPECT_NEAR(b.style, a.style, c.tolerance * std::abs(a.style));
  EXPECT_NEAR(b.tv, a.tv, c.tolerance * a.tv);
}

const GatysOptions kGatys{.content_layers = {{"relu2_2", 1}},
                          .style_layers = {{"relu1_1"}, {"relu2_1"}, {"relu3_1"}},
                          .content_weight = 100,
                          .tv_weight = 1e-3};
GatysOptions chained() {
  GatysOptions options = kGatys;
  options.style_layers =
      correlation_chain({{"relu1_1"}, {"relu1_2"}, {"relu2_1"}, {"relu2_2"}, {"relu3_1"}}, /*blur=*/true);
  options.activation_shift = -1;
  return options;
}
GatysOptions textures() {
  GatysOptions options = kGatys;
  options.content_layers.clear();
  options.tv_weight = 0;
  return options;
}

GatysOptions wasserstein() {
  GatysOptions options = kGatys;
  options.style_loss = StyleLoss::wasserstein;
  return options;
}

INSTANTIATE_TEST_SUITE_P(
    objectives, TiledObjective,
    ::testing::Values(Case{"gatys", kGatys, {.deepest = "relu3_1"}},
                      Case{"style_alone", textures(), {.deepest = "relu3_1"}},
                      Case{"ceil_mode", kGatys, {.deepest = "relu3_1", .ceil_mode = true}},
                      Case{"average_reflected",
                           kGatys,
                           {.deepest = "relu3_1",
                            .pooling = nn::Pooling::average,
                            .padding = ops::PaddingMode::reflect,
                            .first_padding = ops::PaddingMode::replicate}},
                      // Roots of nearly singular covariances amplify the sums' rounding.
                      Case{"wasserstein", wasserstein(), {.deepest = "relu3_1"}, false, 1e-8},
                      Case{"wasserstein_regions", wasserstein(), {.deepest = "relu3_1"}, true, 1e-8},
                      Case{"chain", chained(), {.deepest = "relu3_1"}},
                      Case{"regions", kGatys, {.deepest = "relu3_1"}, true},
                      Case{"chain_regions", chained(), {.deepest = "relu3_1"}, true}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace nst
