// The styles that come with the program: transform networks in weights/styles, each with one style or
// several.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace nst {

struct BundledStyle {
  std::string name;
  std::filesystem::path file;
  int64_t number = 0;  // in the file's network
};

// Sorted by name. They are looked for in the folder NST_STYLES_DIR if that is set, else where the program was
// built; files that are no transform networks with named styles are passed over.
std::vector<BundledStyle> bundled_styles();

// Throws std::invalid_argument with the names that there are.
BundledStyle bundled_style(const std::string& name);

}  // namespace nst
