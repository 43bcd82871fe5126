#include "nn/conv2d_transposed.h"

#include <algorithm>

#include "autograd/ops/slice.h"

namespace nst::nn {

Conv2dTransposed::Conv2dTransposed(const Conv2dTransposedConfig& config, DType dtype, Device device)
    : config_(config),
      weight_(Tensor::zeros({config.in_channels, config.out_channels, config.kernel, config.kernel}, dtype,
                            device),
              true),
      packed_(weight_.value()) {
  add_parameter("weight", weight_);
}

autograd::Variable Conv2dTransposed::operator()(const autograd::Variable& x) const {
  const auto& [in_channels, out_channels, kernel, stride, crop] = config_;
  const auto before_cropping = [&](int64_t size) {
    return std::max(stride * size, stride * (size - 1) + kernel - 2 * crop);
  };
  auto y = autograd::conv2d_transposed(x, weight_, packed_, before_cropping(x.shape()[1]),
                                       before_cropping(x.shape()[2]), {.stride = stride, .padding = crop});
  for (const int axis : {1, 2}) {
    const int64_t size = stride * x.shape()[axis];
    if (y.shape()[axis] > size) y = autograd::slice(y, {.axis = axis, .begin = 0, .count = size});
  }
  return y;
}

}  // namespace nst::nn
