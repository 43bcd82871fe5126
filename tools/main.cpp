// The `nst` command.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>

#include "tools/commands.h"
#include "tools/log.h"

namespace {

using namespace nst::tools;

// One line, as every other error.
std::string usage_error(const CLI::App* app, const CLI::Error& error) {
  std::string reason = error.what();
  // A word that is no command is first noticed as a command that is missing.
  const auto rest = app->remaining(true);
  if (dynamic_cast<const CLI::RequiredError*>(&error) && !rest.empty()) {
    reason = fmt::format("'{}' is not a command", rest.back());
  }
  return fmt::format("nst: {}; --help tells more\n", reason);
}

int run(int argc, char** argv) {
  CLI::App app("Neural style transfer, from CUDA kernels to pictures", "nst");
  app.require_subcommand(1);
  app.failure_message(usage_error);
  app.footer(
      "Exit codes: 0 success, 1 a file, memory or the network failed, 2 bad arguments, 130 interrupted.");
  add_basic_command(app);
  add_info_command(app);
  add_version_command(app);
  add_weights_command(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  // Output that went nowhere is a failure too.
  if (std::fflush(stdout) != 0 || std::ferror(stdout))
    throw std::runtime_error("standard output: cannot write");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  start_logging();
  try {
    return run(argc, argv);
  } catch (const std::invalid_argument& error) {
    spdlog::error("{}", error.what());
    return kExitUsage;
  } catch (const Interrupted& error) {
    spdlog::error("{}", error.what());
    return kExitInterrupted;
  } catch (const std::bad_alloc&) {
    spdlog::error("out of memory");
    return kExitFailure;
  } catch (const std::exception& error) {
    spdlog::error("{}", error.what());
    return kExitFailure;
  }
}
