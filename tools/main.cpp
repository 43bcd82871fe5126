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

int run(int argc, char** argv) {
  const auto app = make_application();
  try {
    app->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app->exit(error) == 0 ? 0 : kExitUsage;
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
