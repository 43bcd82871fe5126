#include "tools/output_check.h"

#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>

#include "nst/image.h"

namespace nst::tools {
namespace {

bool same_file(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code missing;  // then they are two
  return std::filesystem::equivalent(a, b, missing);
}

}  // namespace

void check_output(const std::string& out, const std::vector<std::pair<std::string, std::string>>& inputs) {
  check_can_save_image(out);
  for (const auto& [name, path] : inputs) {
    if (same_file(out, path)) {
      throw std::invalid_argument(fmt::format("--out {}: would overwrite the picture of {}", out, name));
    }
  }
}

}  // namespace nst::tools
