// Transform networks as strings, after jcjohnson/fast-neural-style's `-arch`: PyTorch examples' network is
// c9s1-32,d64,d128,R128x5,U2,c3s1-64,U2,c3s1-32,c9s1-3
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nn/image_network.h"

namespace nst::nn {

// One layer after another, separated by commas:
//   cKsS-C   convolution, kernel K, stride S, C channels
//   dC       c3s2-C
//   fKsS-C   transposed convolution
//   uC       f3s2-C
//   UN       nearest upsampling by N; belongs to the convolution that must follow
//   RC, RCxN residual blocks of two 3x3 convolutions, one or N of them
// An instance norm and a ReLU follow each, except the last, which has neither. ":norm", ":relu",
// ":norm_relu" or ":plain" behind a convolution say otherwise. Blocks are named down1, down2, ... before the
// first residual block, residual1, ..., and up1, ... behind it.
//
// Throws std::invalid_argument naming the layer that makes no sense or the limit that it exceeds.
std::vector<Block> parse_layers(std::string_view layers);

// The string of which parse_layers() makes these blocks. Throws std::invalid_argument when there is none.
std::string layer_string(const std::vector<Block>& blocks);

}  // namespace nst::nn
