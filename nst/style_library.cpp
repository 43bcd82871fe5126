#include "nst/style_library.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "nn/transform_model.h"

namespace nst {
namespace fs = std::filesystem;

std::vector<BundledStyle> bundled_styles() {
  const char* set = std::getenv("NST_STYLES_DIR");
  const fs::path folder = set && *set ? set : NST_STYLES_FOLDER;
  std::vector<BundledStyle> styles;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    if (entry.path().extension() != ".safetensors") continue;
    try {
      const auto names = nn::style_names(nn::open_weights(entry.path()));
      for (size_t i = 0; i < names.size(); ++i) {
        styles.push_back({names[i], entry.path(), static_cast<int64_t>(i)});
      }
    } catch (const std::runtime_error&) {  // damaged: only who names it needs to know
    }
  }
  std::ranges::sort(styles, {}, &BundledStyle::name);
  return styles;
}

BundledStyle bundled_style(const std::string& name) {
  const auto styles = bundled_styles();
  for (const auto& style : styles) {
    if (style.name == name) return style;
  }
  std::vector<std::string> names;
  for (const auto& style : styles) names.push_back(style.name);
  throw std::invalid_argument(
      fmt::format("no style '{}'; there {}", name,
                  names.empty() ? "are none here" : fmt::format("is {}", fmt::join(names, ", "))));
}

}  // namespace nst
