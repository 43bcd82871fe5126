// A network from picture to picture, or to and from feature maps, on a picture too large for its activations:
// in strips of rows, with the instance norms' statistics of the whole picture, so that no seam shows.
#pragma once

#include "nn/image_network.h"
#include "nn/state_dict.h"

namespace nst {

// x (1, H, W, C) -> the network's output, but for rounding; `state` names parameters as ImageNetwork does.
// Where the network is wide, before its first and behind its last residual block (without any: from end to
// end), no map is ever held whole: a norm's mean and variance are gathered over strips that are computed and
// forgotten, then the norm is folded into its convolution, and the strips are computed again. The residual
// blocks, at a fraction of the size, see the whole, as do what goes in and what comes out.
//
// Throws std::invalid_argument for networks that cannot be run so: of several styles, with transposed
// convolutions, or with borders that are not centred.
Tensor run_in_strips(const nn::ImageNetworkConfig& config, const nn::StateDict& state, const Tensor& x,
                     int64_t strips);
bool can_run_in_strips(const nn::ImageNetworkConfig& config);

// How many strips of about `strip_pixels` pixels, and of a few rows at least, a picture (N, H, W, C) makes;
// one of several at once. 0 says that there shall be none but the whole; kAutomaticStrips a million pixels,
// and none up to four million.
inline constexpr int64_t kAutomaticStrips = -1;
int64_t strip_count(const Shape& picture, int64_t strip_pixels);

}  // namespace nst
