// What is asked of a file that a command will write, before the work whose result goes there.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace nst::tools {

// Throws std::invalid_argument or std::runtime_error when a picture cannot be written to `out`, or would take
// the place of one of the `inputs`: pairs of what a message calls it ("--content") and a path, which may be
// empty.
void check_output(const std::string& out, const std::vector<std::pair<std::string, std::string>>& inputs);

}  // namespace nst::tools
