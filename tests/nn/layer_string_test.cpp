#include "nn/layer_string.h"

#include <gtest/gtest.h>

#include "nn/known_networks.h"
#include "tests/support.h"

namespace nst {
namespace {

using nn::Block;
using nn::parse_layers;

TEST(LayerString, names_and_shapes_the_blocks) {
  const auto blocks = parse_layers("c9s1-32,d64,R64x2,U2,c3s1-16,u8,c9s1-3");
  ASSERT_EQ(blocks.size(), 7u);
  EXPECT_EQ(blocks[0], (Block{.name = "down1", .channels = 32, .kernel = 9, .norm = true}));
  EXPECT_EQ(blocks[1], (Block{.name = "down2", .channels = 64, .stride = 2, .norm = true}));
  EXPECT_EQ(blocks[3],
            (Block{.kind = Block::Kind::residual, .name = "residual2", .channels = 64, .norm = true}));
  EXPECT_EQ(blocks[4], (Block{.name = "up1", .channels = 16, .upsample = 2, .norm = true}));
  EXPECT_EQ(
      blocks[5],
      (Block{.kind = Block::Kind::transposed, .name = "up2", .channels = 8, .stride = 2, .norm = true}));
  EXPECT_EQ(blocks[6], (Block{.name = "up3", .channels = 3, .kernel = 9, .relu = false}));
}

TEST(LayerString, reads_back_what_it_wrote) {
  for (const std::string layers :
       {"c9s1-32,d64,d128,R128x5,u64,u32,c9s1-3", "c9s1-32:plain,R32,c9s1-3:norm",
        "c5s1-8:relu,f5s3-4,c1s1-3:norm_relu", "c7s2-32,d64,R64x5,U2,c3s1-32,U4,c7s1-3"}) {
    EXPECT_EQ(nn::layer_string(parse_layers(layers)), layers);
  }
  EXPECT_EQ(nn::layer_string(parse_layers("c9s1-8,R8,R8,c3s2-4,c3s1-3")), "c9s1-8,R8x2,d4,c3s1-3");
  EXPECT_EQ(nn::layer_string(nn::lengstrom_transform().blocks),
            "c9s1-32,d64,d128,R128x5,u64,u32,c9s1-3:norm");
}

TEST(LayerString, refuses_what_is_no_network) {
  for (const std::string bad :
       {"", "x", "c9s1-32,", "c9s1", "c9s1-", "c0s1-3", "c9s-3", "d", "R8", "c9s1-32,R64", "U2",
        "c9s1-3:relux", "c9s1-3 ", "U2,R3", "c3s1-8,d-8", "c99999999999999999999s1-3", "c3s1-8,R8x"}) {
    EXPECT_INVALID(parse_layers(bad), "network layer '");
  }
  EXPECT_INVALID(parse_layers("c3s1-99999"), "99999 is more than 4096");
  std::string long_one = "c3s1-4";
  for (int i = 0; i < 5; ++i) long_one += ",R4x250";
  EXPECT_INVALID(parse_layers(long_one), "more than 1024 layers");
}

TEST(LayerString, refuses_blocks_that_it_cannot_say) {
  EXPECT_INVALID(nn::layer_string(nn::adain_encoder().blocks), "cannot be written");
}

}  // namespace
}  // namespace nst
