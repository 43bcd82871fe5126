// How large a picture is, and its values.
#pragma once

#include <cstdint>

namespace nst {

struct PictureSize {
  int64_t height, width;
};

// Pictures come in 0..255, preprocessing speaks of 0..1.
inline constexpr double kPictureRange = 255;

}  // namespace nst
