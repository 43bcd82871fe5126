// What published weight files call the parameters of nn/known_networks.h's networks.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "nn/image_network.h"
#include "nn/state_dict.h"

namespace nst::nn {

// Pairs of our module's path and theirs: {"down1.conv", "conv1.conv2d"}. Parameters are `weight` and `bias`
// in both.
using KeyMap = std::vector<std::pair<std::string, std::string>>;

// pytorch/examples' fast_neural_style: conv1.conv2d, in1, res1.conv1.conv2d, ..., deconv3.conv2d.
KeyMap pytorch_examples_keys(int residuals = 5);
// A torch.nn.Sequential of convolutions, borders, ReLUs, poolings and upsamplings, as
// naoto0804/pytorch-AdaIN's vgg_normalised.pth and decoder.pth are: a convolution's key is its place among
// them, "0", "2", "5", ...
KeyMap sequential_keys(const ImageNetworkConfig& config);

// A published file's tensors under our names; what the map does not name is left out. Throws
// std::invalid_argument naming a key that is missing.
StateDict from_published(const StateDict& theirs, const KeyMap& keys);
// And back.
StateDict to_published(const StateDict& ours, const KeyMap& keys);

}  // namespace nst::nn
