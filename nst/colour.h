// Colour preservation.
#pragma once

#include "tensor/tensor.h"

namespace nst {

// The content's colours with the stylised picture's luminance (Gatys et al. 2016, "Preserving Color in Neural
// Artistic Style Transfer", section 3.2): in YIQ or YCbCr, which share their luma, keep the two chroma
// channels and replace the first. Both (1, H, W, 3), RGB in 0..1; the result is clamped to 0..1.
// Throws std::invalid_argument when the shapes differ.
Tensor with_colours_of(const Tensor& stylised, const Tensor& content);

}  // namespace nst
