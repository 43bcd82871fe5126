// What this build is and can do, for `nst version` and run records.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace nst {

// The project's version, "0.1.0".
std::string version();

// Pairs such as ("cpu", "x86-64-v3"), ("cuda", "yes, 1 device(s) found"), ("cudnn", "9.19.0"), ("threads",
// "2").
std::vector<std::pair<std::string, std::string>> build_info();

}  // namespace nst
