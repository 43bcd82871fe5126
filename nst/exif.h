// What a camera wrote beside the pixels.
#pragma once

#include <cstddef>
#include <span>

#include "nst/picture_size.h"

namespace nst {

// The EXIF orientation of a JPEG file, 1 to 8; 1 (upright) when it has none or an invalid one. By number, the
// first row and column of the pixels are the picture's: 1 top, left; 2 top, right; 3 bottom, right;
// 4 bottom, left; 5 left, top; 6 right, top; 7 right, bottom; 8 left, bottom (EXIF 2.32, tag 0x0112).
int exif_orientation(std::span<const std::byte> jpeg);

inline bool lies_sideways(int orientation) { return orientation >= 5; }

// How the pixels of a picture that is stored turned, row by row without gaps, are read upright: its pixel of
// row y and column x is number start + y * down + x * right of those stored.
struct UprightWalk {
  int64_t start, down, right;
};
UprightWalk upright_walk(PictureSize upright, int orientation);

}  // namespace nst
