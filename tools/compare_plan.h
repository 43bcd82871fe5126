// What `nst compare` is going to run: one command line per cell of a grid.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nst/setting_grid.h"

namespace nst::tools {

struct CompareCell {
  std::filesystem::path picture;       // OUT/cells/style_weight=1e2,pooling=max.png
  std::vector<std::string> arguments;  // of `nst`, beginning with the method
};

struct ComparePlan {
  std::vector<std::string> command;  // the method and the arguments that all cells share
  SettingGrid grid;                  // its axes named as their options are, without the dashes
  std::vector<CompareCell> cells = {};
  bool has_report = false;  // the method writes one beside the picture
  std::vector<std::pair<std::string, std::string>> references =
      {};  // files that all cells share: "content", "style"
};

// `command` is a method (any command of `nst` that writes a picture with --out) and its arguments; each of
// `vary` is NAME=VALUE,... for one of the method's options, with underscores or dashes. Every cell's command
// line is parsed, though not run, so that what is wrong with it is known before the first is. Throws
// std::invalid_argument, and as parse_command_line does.
ComparePlan plan_comparison(const std::vector<std::string>& command, const std::vector<std::string>& vary,
                            const std::filesystem::path& out);

}  // namespace nst::tools
