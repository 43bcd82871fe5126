// The options that `nst basic` and `nst improved` share.
#pragma once

#include <CLI/CLI.hpp>

#include "tools/run_settings.h"

namespace nst::tools {

// Declares every shared option, bound to `settings`, on a sub-command. What `settings` hold beforehand are
// the defaults that --help shows.
void add_run_options(CLI::App& command, RunSettings& settings);

}  // namespace nst::tools
