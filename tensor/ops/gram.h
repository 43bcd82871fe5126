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

// grad_gram (N, C, C) -> gradient of the features, (N, H, W, C). With a `sum`, of the features' shape, it is
// added to that in place, and the sum is what is returned.
Tensor gram_backward(const Tensor& features, const Tensor& grad_gram, const GramParams& params,
                     Tensor sum = {});

// a (N, H, W, Ca), b (N, H, W, Cb) -> (N, Ca, Cb): the correlations of two layers' channels.
Tensor cross_gram_forward(const Tensor& a, const Tensor& b, const GramParams& params);

// The gradient of a (N, H, W, Ca) from the other operand, b, and grad_gram (N, Ca, Cb); and of b from a.
Tensor cross_gram_backward_a(const Tensor& b, const Tensor& grad_gram, const GramParams& params);
Tensor cross_gram_backward_b(const Tensor& a, const Tensor& grad_gram, const GramParams& params);

}  // namespace nst::ops
