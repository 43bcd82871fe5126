// Two-dimensional convolution; kernels/conv2d.h has the formula.
#pragma once

#include <functional>
#include <optional>

#include "kernels/conv2d.h"
#include "kernels/pad.h"
#include "tensor/tensor.h"

namespace nst::ops {

using kernels::Conv2dAlgorithm;
using kernels::PaddingMode;

struct Conv2dParams {
  int64_t stride = 1;
  int64_t padding = 0;  // pixels on each of the four sides
  // What they hold. The functions below know zero and reflect; autograd::conv2d puts a pad before replicate.
  PaddingMode padding_mode = PaddingMode::zero;
  bool relu = false;  // y = max(0, conv)
  // Which algorithm, instead of the one that kernels::conv2d_algorithm() prefers for the shape and device.
  std::optional<Conv2dAlgorithm> algorithm = {};
};

// A convolution's weight together with its packed forms, which are made on first use and made anew when
// the weight was written to. They are kept for small maps alone: beside a large one, making them anew costs
// little and keeping them costs memory. Copies share what is kept.
class Conv2dWeight {
 public:
  // weight (K, C, R, S)
  explicit Conv2dWeight(Tensor weight);

  const Tensor& weight() const { return weight_; }
  // The packed form for a direction; valid until the weight changes.
  Tensor packed_forward(const kernels::Conv2dShape& shape, kernels::Conv2dAlgorithm algorithm) const;
  Tensor packed_backward(const kernels::Conv2dShape& shape, kernels::Conv2dAlgorithm algorithm) const;

 private:
  // What a packing depends on.
  struct Key {
    uint64_t version;
    kernels::Conv2dAlgorithm algorithm;
    int64_t stride;
    bool reflects;
    bool operator==(const Key&) const = default;
  };
  struct Packed {
    Tensor tensor;
    std::optional<Key> packed_for;
  };
  struct Cache {
    Packed forward, backward;
  };
  // The kept one if it fits, else one that `pack` makes, kept or not.
  Tensor packed(Packed& kept, const Key& key, const kernels::Conv2dShape& shape, int64_t numel,
                const std::function<void(Tensor& to)>& pack) const;

  Tensor weight_;
  std::shared_ptr<Cache> cache_ = std::make_shared<Cache>();
};

// x (N, H, W, C), weight (K, C, R, S), bias (K) or undefined -> (N, P, Q, K) with
// P = (H + 2*padding - R) / stride + 1. Throws std::invalid_argument when the shapes do not fit, when the
// image is too small to be reflected, or when the algorithm asked for cannot do the shape on x's device.
Tensor conv2d_forward(const Tensor& x, const Conv2dWeight& weight, const Tensor& bias,
                      const Conv2dParams& params);

// The gradient of x, of shape x_shape. `grad_y` is the gradient of the convolution, or, when `y` is defined,
// of y = max(0, convolution).
Tensor conv2d_backward_input(const Tensor& grad_y, const Tensor& y, const Conv2dWeight& weight,
                             const Shape& x_shape, const Conv2dParams& params);

// The gradient of the weight, of shape weight_shape. `grad_y` is the gradient of the convolution.
Tensor conv2d_backward_weight(const Tensor& x, const Tensor& grad_y, const Shape& weight_shape,
                              const Conv2dParams& params);

// The gradient of the bias, (K), likewise.
Tensor conv2d_backward_bias(const Tensor& grad_y);

}  // namespace nst::ops
