#include "nst/loss_network.h"

#include <gtest/gtest.h>

#include "tests/networks.h"

namespace nst {
namespace {

using autograd::Variable;
using Names = std::vector<std::string>;

TEST(LossNetwork, lets_each_reader_read_once_as_soon_as_its_layers_are_there) {
  const LossNetwork network({.depth = 16, .deepest = "relu3_1"}, testing::random_vgg_weights(16, "relu3_1"),
                            nn::kCaffePreprocessing);
  const Variable picture(testing::random_picture(16, 16, 1));
  const auto maps = network.features(picture, {"relu1_1", "relu2_1", "relu2_2", "relu3_1"});
  Names read;
  std::weak_ptr<const void> first;
  const auto reader = [&](const Names& layers, const std::string& name, bool first_is_kept) {
    return LayerReader{layers, [&, layers, name, first_is_kept](const nn::FeatureMaps& given) {
                         read.push_back(name);
                         for (const auto& layer : layers)
                           EXPECT_CLOSE(given.at(layer).value(), maps.at(layer).value(), 0);
                         if (name == "first") first = given.at("relu1_1").value().storage();
                         EXPECT_EQ(!first.expired(), first_is_kept) << name;
                       }};
  };
  network.read(picture, {reader({"relu3_1"}, "last", false), reader({"relu2_2", "relu1_1"}, "pair", true),
                         reader({"relu1_1"}, "first", true), reader({"relu2_1"}, "between", true),
                         reader({"relu2_1"}, "again", true)});
  EXPECT_EQ(read, (Names{"first", "between", "again", "pair", "last"}));
}

}  // namespace
}  // namespace nst
