// SHA-256, by which weights are known.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace nst {

// 64 lower-case hexadecimal digits.
std::string sha256(std::span<const std::byte> bytes);
// Of a file, which need not fit in memory. Throws std::runtime_error naming it when it cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace nst
