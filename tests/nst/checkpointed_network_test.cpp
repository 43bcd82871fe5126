// The first blocks of VGG as segments that are computed again: the objective is the same one.
#include <gtest/gtest.h>

#include "autograd/engine.h"
#include "nst/improved.h"
#include "tests/networks.h"

namespace nst {
namespace {

using autograd::Variable;
using testing::random_picture;

struct Case {
  std::string name;
  GatysOptions options;
  nn::Pooling pooling = nn::Pooling::max;
  bool same_order = true;  // of the sums; not where three ops or more read a map
};

GatysOptions gatys() {
  return {.content_layers = {{"relu3_1", 1}},
          .style_layers = {{"relu1_1"}, {"relu2_1"}, {"relu3_1"}},
          .content_weight = 100,
          .tv_weight = 1e-3};
}
GatysOptions chained() {  // pairs within a block, and of two blocks
  GatysOptions options = gatys();
  options.style_layers =
      correlation_chain({{"relu1_1"}, {"relu1_2"}, {"relu2_1"}, {"relu2_2"}, {"relu3_1"}}, /*blur=*/true);
  options.activation_shift = -1;
  return options;
}
GatysOptions odd_layers() {  // before a ReLU, and pools
  GatysOptions options = gatys();
  options.style_layers = {{"conv1_2"}, {"pool1"}, {"pool2"}};
  options.content_layers = {{"conv2_1", 1}};
  return options;
}
GatysOptions sliced() {
  GatysOptions options = gatys();
  options.style_loss = StyleLoss::sliced_wasserstein;
  return options;
}
GatysOptions shallow() {  // nothing beyond the first block
  GatysOptions options = gatys();
  options.content_layers = {{"relu1_2", 1}};
  options.style_layers = {{"relu1_1"}};
  return options;
}

class CheckpointedNetwork : public ::testing::TestWithParam<Case> {};

template <class T>
void expect_same(const Case& c, DType dtype) {
  const nn::VggConfig vgg{.depth = 16, .deepest = "relu3_1", .pooling = c.pooling};
  const LossNetwork network(vgg, testing::random_vgg_weights(16, "relu3_1", dtype), nn::kCaffePreprocessing,
                            dtype);
  const Tensor content = random_picture(41, 50, 1, dtype), x = random_picture(41, 50, 3, dtype);
  const std::vector<StylePicture> styles{{random_picture(37, 48, 2, dtype), 1}};
  const auto evaluate = [&](int blocks) {
    GatysOptions options = c.options;
    options.checkpointed_blocks = blocks;
    return GatysObjective(network, content, styles, options).evaluate(x);
  };
  const auto plain = evaluate(0);
  for (const int blocks : {1, 2, 5}) {
    const auto checkpointed = evaluate(blocks);
    EXPECT_EQ(checkpointed.terms.template to_vector<T>(), plain.terms.template to_vector<T>()) << blocks;
    if (c.same_order) {
      EXPECT_EQ(checkpointed.grad.template to_vector<T>(), plain.grad.template to_vector<T>()) << blocks;
    }
    EXPECT_CLOSE(checkpointed.grad, plain.grad, dtype == DType::float32 ? 2e-5 : 1e-13);
  }
}

TEST_P(CheckpointedNetwork, gives_the_same) { expect_same<float>(GetParam(), DType::float32); }
TEST_P(CheckpointedNetwork, gives_the_same_in_double) { expect_same<double>(GetParam(), DType::float64); }

INSTANTIATE_TEST_SUITE_P(objectives, CheckpointedNetwork,
                         ::testing::Values(Case{"gatys", gatys()},
                                           Case{"average", gatys(), nn::Pooling::average},
                                           Case{"chain", chained(), nn::Pooling::max, false},
                                           Case{"odd_layers", odd_layers()}, Case{"sliced", sliced()},
                                           Case{"shallow", shallow()}),
                         [](const auto& info) { return info.param.name; });

TEST(CheckpointedNetworkMemory, the_first_map_does_not_wait_for_the_backward_pass) {
  const LossNetwork network({.depth = 16, .deepest = "relu2_1"}, testing::random_vgg_weights(16, "relu2_1"),
                            nn::kCaffePreprocessing);
  const int64_t side = 128;
  const size_t map = static_cast<size_t>(side * side * 64) * sizeof(float);
  const GatysOptions options{.content_layers = {{"relu2_1", 1}}, .style_layers = {{"relu1_1"}, {"relu2_1"}}};
  const auto peak = [&](int blocks) {
    GatysOptions checkpointed = options;
    checkpointed.checkpointed_blocks = blocks;
    const GatysObjective objective(network, random_picture(side, side, 1),
                                   {{random_picture(side, side, 2), 1}}, checkpointed);
    const Tensor x = random_picture(side, side, 3);
    const size_t before = allocator().stats().in_use;
    allocator().reset_peak();
    objective.evaluate(x);
    return allocator().stats().peak - before;
  };
  // relu1_1, its gradient and conv1_2's; without relu1_1 while conv1_2's is there.
  EXPECT_GE(peak(0), 3 * map);
  EXPECT_LT(peak(1), 3 * map - map / 2);
}

}  // namespace
}  // namespace nst
