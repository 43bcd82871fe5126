// The "normalised" VGG (Gatys et al. 2016, section 2; Huang & Belongie's encoder): weights scaled such that
// every channel's mean activation over some pictures is 1. ReLUs and poolings pass a positive factor through,
// so the network's features are the same but for their units, and losses in several layers weigh alike.
#pragma once

#include <span>

#include "nn/image_network.h"

namespace nst::nn {

// `network` is a chain of convolutions with ReLUs and max pools, such as adain_encoder(); its linear blocks
// are left as they are. pictures (N, H, W, in_channels) each, of any size. A channel that is hardly ever
// active is scaled as if its mean were a hundredth of its layer's. Throws std::invalid_argument on another
// kind of block or no pictures.
void normalise_activations(ImageNetwork& network, std::span<const Tensor> pictures);

}  // namespace nst::nn
