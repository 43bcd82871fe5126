// Picture files built byte by byte, so that loading is not tested against the code that saves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace nst::testing {

// Raw bytes; a string holds them because it concatenates well.
using FileBytes = std::string;

std::span<const std::byte> bytes_of(const FileBytes& file);
FileBytes read_bytes(const std::filesystem::path& path);

// A number of `size` bytes, most or least significant first.
FileBytes big_endian(uint64_t value, int size);
FileBytes little_endian(uint64_t value, int size);

enum class PngColour { grey = 0, rgb = 2, grey_alpha = 4, rgba = 6 };
// A PNG of `samples` (height x width x channels) of 8 or 16 bits each.
FileBytes make_png(int width, int height, int bits, PngColour colour, const std::vector<uint16_t>& samples);

// 24 bits per pixel; rgb (height x width x 3).
FileBytes make_bmp(int width, int height, const std::vector<uint8_t>& rgb);
FileBytes make_tga(int width, int height, const std::vector<uint8_t>& rgb);
FileBytes make_ppm(int width, int height, const std::vector<uint8_t>& rgb);

// The same JPEG file with an EXIF segment that holds only the orientation.
FileBytes with_orientation(const FileBytes& jpeg, int orientation, bool big_endian_tags);

// image (1, H, W, 3) through save_image and back as the file's bytes.
FileBytes encode(const Tensor& image, const std::string& extension, int jpeg_quality = 95);

// A smooth picture in which no two corners look alike, (1, height, width, 3).
Tensor smooth_picture(int64_t height, int64_t width);

}  // namespace nst::testing
