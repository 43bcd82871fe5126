#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace nst::paint {

// Throws std::invalid_argument unless `path` ends in .png, .jpg or .jpeg (any case), the formats that can be
// written, and std::runtime_error unless its folder exists and may be written to: better known before
// painting than after.
void check_picture_path(const std::filesystem::path& path);

// Writes `rgb` (size, size, 3) to `path` as its name says, JPEG at quality 92. The file appears whole or not
// at all: it is written beside its place and renamed. Throws std::runtime_error if that fails, leaving
// nothing behind.
void write_picture(const std::filesystem::path& path, int size, const std::vector<std::uint8_t>& rgb);

}  // namespace nst::paint
