// Other programs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace nst {

// Runs a program, found on PATH, without a shell: arguments reach it as they are. Its input is empty, what it
// prints goes to the file `log`. Returns its exit status, or 128 and the signal that ended it. Throws
// std::runtime_error when it cannot be started.
int run_child_process(const std::vector<std::string>& command, const std::filesystem::path& log);

}  // namespace nst
