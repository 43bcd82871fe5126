// An encoded style as a file of a few kilobytes, so that a painting is looked at once.
#pragma once

#include <filesystem>
#include <string>

#include "nn/weight_file.h"
#include "nst/adain/network.h"

namespace nst {

// `encoder` tells which network's style it is: encoder_id().
void save_style(const std::filesystem::path& path, const EncodedStyle& style, const std::string& encoder,
                const std::string& name);
// Whether a file is such a one, by its content.
bool is_style_file(const std::filesystem::path& path);
// Throws std::runtime_error when it is damaged or of another encoder.
EncodedStyle load_style(const std::filesystem::path& path, const std::string& encoder);

}  // namespace nst
