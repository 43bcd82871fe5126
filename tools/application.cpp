#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "tools/commands.h"

namespace nst::tools {
namespace {

// One line, as every other error.
std::string usage_error(const CLI::App* app, const CLI::Error& error) {
  std::string reason = error.what();
  // A word that is no command is first noticed as a command that is missing.
  const auto rest = app->remaining(true);
  if (reason.find("subcommand is required") != std::string::npos && !rest.empty()) {
    reason = fmt::format("'{}' is not a command", rest.back());
  }
  return fmt::format("nst: {}; --help tells more\n", reason);
}

}  // namespace

std::unique_ptr<CLI::App> make_application() {
  auto app = std::make_unique<CLI::App>("Neural style transfer, from CUDA kernels to pictures", "nst");
  app->require_subcommand(1);
  app->failure_message(usage_error);
  app->footer(
      "Exit codes: 0 success, 1 a file, memory or the network failed, 2 bad arguments, 130 interrupted.");
  add_adain_command(*app);
  add_basic_command(*app);
  add_colour_command(*app);
  add_compare_command(*app);
  add_devices_command(*app);
  add_improved_command(*app);
  add_fast_command(*app);
  add_info_command(*app);
  add_mask_command(*app);
  add_profile_command(*app);
  add_style_command(*app);
  add_stylize_command(*app);
  add_train_command(*app);
  add_version_command(*app);
  add_weights_command(*app);
  return app;
}

std::unique_ptr<CLI::App> parse_command_line(std::vector<std::string> arguments, CommandLine what) {
  // Called when all is parsed, before the command. (The command's own callback must stay: what it holds is
  // what the options are bound to.)
  struct Checked {};
  auto application = make_application();
  if (what == CommandLine::check) application->parse_complete_callback([] { throw Checked(); });
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants a vector
  try {
    application->parse(std::move(arguments));
  } catch (const Checked&) {
  } catch (const CLI::ParseError& error) {
    throw CLI::RuntimeError(application->exit(error));
  }
  return application;
}

}  // namespace nst::tools
