// Whitening and colouring (Li et al. 2017, "Universal Style Transfer via Feature Transforms"): where AdaIN
// gives each channel the style's mean and deviation, this gives all channels together the style's covariance.
#pragma once

#include "tensor/tensor.h"

namespace nst {

// What it needs of a style, float64 on the CPU.
struct StyleCovariance {
  Tensor mean;  // (1, C)
  Tensor root;  // (C, C): E D^(1/2) E^T of the style's covariance E D E^T
};
// features (1, H, W, C).
StyleCovariance style_covariance(const Tensor& features);

// With the content's covariance E D E^T:
//   y = root E D^(-1/2) E^T (x - mean(x)) + style mean
// content (1, H, W, C) -> the same. Directions in which the content hardly varies, less than 1e-5 of the
// greatest, are left out: dividing by their deviation would amplify noise. Throws std::invalid_argument when
// the channels differ.
Tensor wct(const Tensor& content, const StyleCovariance& style);

}  // namespace nst
