// Enumerations that users write by name: one table of names each, in the enumeration's order.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string_view>

namespace nst {

// The value whose name is `name`; throws std::invalid_argument naming `what` and listing the names.
template <class Enum>
Enum parse_name(std::string_view what, std::span<const std::string_view> names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) {
    throw std::invalid_argument(fmt::format("{}: '{}' is not one of {}", what, name, fmt::join(names, ", ")));
  }
  return static_cast<Enum>(found - names.begin());
}

}  // namespace nst
