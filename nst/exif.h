// What a camera wrote beside the pixels.
#pragma once

#include <cstddef>
#include <span>

namespace nst {

// The EXIF orientation of a JPEG file, 1 to 8; 1 (upright) when it has none or an invalid one. By number, the
// first row and column of the pixels are the picture's: 1 top, left; 2 top, right; 3 bottom, right;
// 4 bottom, left; 5 left, top; 6 right, top; 7 right, bottom; 8 left, bottom (EXIF 2.32, tag 0x0112).
int exif_orientation(std::span<const std::byte> jpeg);

}  // namespace nst
