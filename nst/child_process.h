// Other programs.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace nst {

struct ChildOptions {
  std::filesystem::path log;               // where what it prints goes
  std::vector<std::string> environment{};  // "NAME=value", before this process's own
  // Called ten times a second while it runs. What it throws is passed on, after the program and all that it
  // started have been sent SIGTERM.
  std::function<void()> on_wait{};
};

// Runs a program, found on PATH, without a shell: arguments reach it as they are. Its input is empty. Returns
// its exit status, or 128 and the signal that ended it. Throws std::runtime_error when it cannot be started.
int run_child_process(const std::vector<std::string>& command, const ChildOptions& options);

}  // namespace nst
