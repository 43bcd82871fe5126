#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "nst/build_info.h"
#include "tools/commands.h"

namespace nst::tools {

void add_version_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("version", "Print the version and what this build can do");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Print a JSON object");
  command->callback([json] {
    if (*json) {
      nlohmann::ordered_json object;
      for (const auto& [key, value] : build_info()) object[key] = value;
      fmt::print("{}\n", object.dump(2));
    } else {
      for (const auto& [key, value] : build_info()) fmt::print("{:<10} {}\n", key, value);
    }
  });
}

}  // namespace nst::tools
