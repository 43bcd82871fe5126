// The layers of VGG-16 and VGG-19 by their standard names: `conv3_2` is the second convolution of the third
// block before its ReLU, `relu3_2` the same after it, `pool3` the pooling that ends the block.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nst::nn {

// Every layer name of a VGG of this depth, first to last.
std::vector<std::string> vgg_layer_names(int depth);
// Throws std::invalid_argument, listing the layers there are, unless `name` is one of them.
void check_vgg_layer(int depth, std::string_view name);
// The deepest of some layers.
std::string deepest_vgg_layer(int depth, const std::vector<std::string>& names);
// What is known of a layer without running it: its channels, and how often its input was halved.
struct VggLayerShape {
  int64_t channels;
  int halvings;
};
VggLayerShape vgg_layer_shape(int depth, std::string_view name);

}  // namespace nst::nn
