// The spaces in which colours can be compared and moved.
#pragma once

#include <span>
#include <string_view>

#include "tensor/tensor.h"

namespace nst {

enum class ColourSpace {
  rgb,     // as in the file: sRGB with its transfer curve (IEC 61966-2-1)
  linear,  // proportional to light: sRGB without the curve
  oklab,   // Ottosson 2020, "A perceptual color space for image processing": lightness L in 0..1, a from
           // green to red, b from blue to yellow; equal distances look alike
};
std::span<const std::string_view> colour_space_names();
std::string_view name_of(ColourSpace space);
ColourSpace parse_colour_space(std::string_view name);

// rgb (1, H, W, 3), float32 on the CPU, 0..1 -> the same colours in `space`. Values beyond 0..1 are taken
// too: the curve goes on as its own mirror image below 0.
Tensor to_colour_space(const Tensor& rgb, ColourSpace space);
// The way back; a colour that RGB does not have comes out beyond 0..1.
Tensor from_colour_space(const Tensor& colours, ColourSpace space);

// Luminance in a space is weights . colour, and adding an amount t of luminance is adding t direction: what
// the space calls chroma stays.
struct Luminance {
  float weights[3], direction[3];  // weights . direction = 1
};
// rgb: the luma of ITU-R BT.601, which YIQ and YCbCr share; linear: that of BT.709; oklab: L.
Luminance luminance_in(ColourSpace space);

}  // namespace nst
