// One picture in the colours of another: to keep a photograph's colours in its stylised result, to recolour a
// style before it is used (Gatys et al. 2017, "Controlling Perceptual Factors in Neural Style Transfer",
// section 5), or for its own sake.
#pragma once

#include <span>
#include <string_view>

#include "nst/colour_space.h"
#include "tensor/tensor.h"

namespace nst {

enum class ColourMethod {
  luminance,  // pixel by pixel: the picture's luminance with the chroma that the colours have at the same
              // place
  histogram,  // each channel's distribution: exact, but blind to how channels go together
  coral,      // mean and covariance, by whitening and colouring
  mk,         // mean and covariance, moving the colours as little as that takes
};
std::span<const std::string_view> colour_method_names();
std::string_view name_of(ColourMethod method);
ColourMethod parse_colour_method(std::string_view name);

struct ColourOptions {
  ColourMethod method = ColourMethod::luminance;
  ColourSpace space = ColourSpace::rgb;
  // (H, W), 0..1: where the picture is changed, and how much, and which of its pixels count when its
  // colours are measured. Undefined: everywhere.
  Tensor mask = {};
  // Of the size of the colours: which of their pixels count. Means nothing to `luminance`.
  Tensor colours_mask = {};
};

// `picture` in the colours of `colours`; both (1, H, W, 3), float32 on the CPU, RGB in 0..1, and for
// `luminance` of one size. The result has the picture's size and is clamped to 0..1. Throws
// std::invalid_argument when a shape does not fit or `colours_mask` is 0 everywhere.
Tensor transfer_colour(const Tensor& picture, const Tensor& colours, const ColourOptions& options = {});

}  // namespace nst
