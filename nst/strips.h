// A transform network on a picture too large for its activations: in strips of rows, with the instance norms'
// statistics of the whole picture, so that no seam shows.
#pragma once

#include "nn/transform_model.h"

namespace nst {

// x (1, H, W, C), the network's pixels -> its output, as ImageNetwork's but for rounding. Where the network
// is wide, before its first and behind its last residual block, no map is ever held whole: a norm's mean and
// variance are gathered over strips that are computed and forgotten, then the norm is folded into its
// convolution, and the strips are computed again. The residual blocks, at a fraction of the size, see the
// whole. A strip is as many rows as `strip_pixels` pixels of the picture give, at least a few.
//
// Throws std::invalid_argument for networks that cannot be run so: of several styles, without residual
// blocks, with transposed convolutions, or with borders that are not centred.
Tensor run_in_strips(const nn::TransformModel& model, const Tensor& x, int64_t strip_pixels);
bool can_run_in_strips(const nn::ImageNetworkConfig& config);

}  // namespace nst
