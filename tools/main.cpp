// The `nst` command.
#include <fmt/format.h>

#include <exception>
#include <new>
#include <stdexcept>

#include "tools/commands.h"

int main(int argc, char** argv) {
  using namespace nst::tools;
  CLI::App app("Neural style transfer, from CUDA kernels to pictures", "nst");
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 success, 1 a file, memory or the network failed, 2 bad arguments, 130 interrupted.");
  add_basic_command(app);
  add_info_command(app);
  add_version_command(app);
  add_weights_command(app);
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "nst: {}\n", error.what());
    return kExitUsage;
  } catch (const Interrupted& error) {
    fmt::print(stderr, "nst: {}\n", error.what());
    return kExitInterrupted;
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "nst: out of memory\n");
    return kExitFailure;
  } catch (const std::exception& error) {
    fmt::print(stderr, "nst: {}\n", error.what());
    return kExitFailure;
  }
}
