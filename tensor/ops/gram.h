// Gram matrices; kernels/gram.h has the formula and its source.
#pragma once

#include "tensor/tensor.h"

namespace nst::ops {

struct GramParams {
  double shift = 0;  // added to every feature; Novak & Nikulin use -1
  double scale = 1;  // multiplies the sum over pixels; 1/(H*W) or 1/(C*H*W) are common
};

// features (N, H, W, C) -> (N, C, C), symmetric.
Tensor gram_forward(const Tensor& features, const GramParams& params);

// grad_gram (N, C, C) -> gradient of the features, (N, H, W, C).
Tensor gram_backward(const Tensor& features, const Tensor& grad_gram, const GramParams& params);

}  // namespace nst::ops
