// A transposed convolution layer that multiplies an image's size.
#pragma once

#include "autograd/ops/conv2d_transposed.h"
#include "nn/module.h"

namespace nst::nn {

struct Conv2dTransposedConfig {
  int64_t in_channels, out_channels;
  int64_t kernel = 3, stride = 2;
  // Rows and columns that the full result (stride (H - 1) + kernel of them) loses at the top and the left; at
  // the bottom and the right it loses what is left to make the size stride * H. kernel / 2 is PyTorch's
  // padding with output_padding = stride - 1, (kernel - stride) / 2 TensorFlow's SAME.
  int64_t crop = 1;
};

// Parameter `weight` (in, out, R, S), as PyTorch's; zeros until loaded. There is no bias: in the networks we
// know a norm follows, which takes it away.
class Conv2dTransposed : public Module {
 public:
  explicit Conv2dTransposed(const Conv2dTransposedConfig& config, DType dtype = DType::float32,
                            Device device = kCpu);

  // x (N, H, W, in) -> (N, stride * H, stride * W, out)
  autograd::Variable operator()(const autograd::Variable& x) const;

 private:
  Conv2dTransposedConfig config_;
  autograd::Variable weight_;
  ops::Conv2dWeight packed_;
};

}  // namespace nst::nn
