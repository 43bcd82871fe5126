// Text out of a file, fit to be shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nst {

// `text` with a '?' for whatever is no printable UTF-8: control characters, which could move a terminal's
// cursor or worse, and stray bytes. What goes beyond `max_bytes` is left out and "..." stands for it.
std::string printable(std::string_view text, size_t max_bytes);

}  // namespace nst
