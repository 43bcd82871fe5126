// What the program says on standard error. Commands call spdlog::info, warn, debug and error; a line of
// information stands by itself, a warning begins with "nst: warning: " and an error with "nst: ".
#pragma once

namespace nst::tools {

enum class Verbosity {
  quiet,     // errors only
  warnings,  // and warnings: somebody reads standard output
  normal,    // and what a user wants to know
  verbose,   // and every decision taken on the way (spdlog::debug)
};

// To be called once, before anything is logged.
void start_logging();
void set_verbosity(Verbosity verbosity);
// What a command's --quiet, --json and --verbose ask for; the first that is given counts.
Verbosity verbosity_of(bool quiet, bool json, bool verbose = false);

}  // namespace nst::tools
