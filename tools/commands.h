// The sub-commands of `nst`. Each add_ function declares one command's options on the application and
// gives it a callback that does the work and throws when it fails; main() turns exceptions into exit codes.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace nst::tools {

// Exit codes, documented in --help and docs/cli.md.
inline constexpr int kExitFailure = 1;        // the environment: a file, memory, the network
inline constexpr int kExitUsage = 2;          // what the caller asked for
inline constexpr int kExitInterrupted = 130;  // Ctrl-C; what there was has been saved

// Thrown by a command that Ctrl-C stopped, after it saved what there was.
struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The whole command line.
std::unique_ptr<CLI::App> make_application();

void add_adain_command(CLI::App& app);
// For a command that runs others: parses what follows `nst` on a command line, and runs its command or only
// checks the options. Returns the application that parsed it. When the parser refuses, it has said why, and
// CLI::RuntimeError with its exit code is thrown; what the command throws is passed on.
enum class CommandLine { run, check };
std::unique_ptr<CLI::App> parse_command_line(std::vector<std::string> arguments, CommandLine what);

void add_basic_command(CLI::App& app);
void add_colour_command(CLI::App& app);
void add_compare_command(CLI::App& app);
void add_devices_command(CLI::App& app);
void add_improved_command(CLI::App& app);
void add_fast_command(CLI::App& app);
void add_info_command(CLI::App& app);
void add_mask_command(CLI::App& app);
void add_profile_command(CLI::App& app);
void add_style_command(CLI::App& app);
void add_stylize_command(CLI::App& app);
void add_train_command(CLI::App& app);
void add_version_command(CLI::App& app);
void add_weights_command(CLI::App& app);

// Of `nst train`.
void add_train_adain_command(CLI::App& train);
void add_train_fast_command(CLI::App& train);

}  // namespace nst::tools
