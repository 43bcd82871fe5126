#include "nst/colour.h"

#include <algorithm>

namespace nst {
namespace {

// ITU-R BT.601 luma of non-linear RGB.
float luma(const float* rgb) { return 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2]; }

}  // namespace

Tensor with_colours_of(const Tensor& stylised, const Tensor& content) {
  check_same("with_colours_of", stylised, content);
  if (content.rank() != 4 || content.size(3) != 3) {
    throw std::invalid_argument("with_colours_of: pictures must be (1, H, W, 3), got " + content.describe());
  }
  Tensor result = Tensor::empty_like(content);
  const float* from = stylised.data<float>();
  const float* colours = content.data<float>();
  float* out = result.mutable_data<float>();
  for (int64_t i = 0; i < content.numel(); i += 3) {
    // Adding one amount to R, G and B changes luma alone: chroma is their differences from it.
    const float change = luma(from + i) - luma(colours + i);
    for (int k = 0; k < 3; ++k) out[i + k] = std::clamp(colours[i + k] + change, 0.0f, 1.0f);
  }
  return result;
}

}  // namespace nst
