// A method that optimises one picture, as a sub-command: it checks, reads, iterates, saves and reports.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "tools/run_settings.h"

namespace nst::tools {

// Declares the sub-command `settings->method` with the options of run_options.h, bound to `settings`, and
// those of the run itself. What `settings` hold are its defaults. Returns it, for options of its own.
CLI::App& add_run_command(CLI::App& app, std::shared_ptr<RunSettings> settings,
                          const std::string& description, const std::string& examples);

}  // namespace nst::tools
