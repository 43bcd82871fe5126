// Masks: where in a picture something holds, (H, W) in 0..1.
#pragma once

#include <filesystem>

#include "nst/picture_size.h"
#include "tensor/tensor.h"

namespace nst {

// The luma of a picture file: white is 1. Resized to `size`; throws as load_image does.
Tensor load_mask(const std::filesystem::path& path, PictureSize size);

// 1 - mask
Tensor inverted(const Tensor& mask);

// (1 - mask) outside + mask inside, pixel by pixel: exactly the one or the other where the mask is 0 or 1.
// outside, inside (1, H, W, C), float32 on the CPU.
Tensor blend(const Tensor& outside, const Tensor& inside, const Tensor& mask);

// The mean of the mask over each pixel of a smaller map.
Tensor shrunk_mask(const Tensor& mask, PictureSize size);

// The guide for a map of this size: the shrunk mask, scaled so that mean(g^2) = 1, which makes a region's
// correlations comparable with a whole picture's (Gatys et al. 2017). Throws std::invalid_argument where
// nothing is left of the mask.
Tensor guide_of(const Tensor& mask, PictureSize size);

// As titu1994 has it: shrunk, then 1 where it is more than one half, else 0.
Tensor binary_mask_of(const Tensor& mask, PictureSize size);

// Softened: a Gaussian of this deviation in pixels, so that the mask's edge goes from 0 to 1 within about
// four deviations. 0 leaves it as it is.
Tensor feathered(const Tensor& mask, double deviation);

}  // namespace nst
