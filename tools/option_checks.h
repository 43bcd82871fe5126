// Checks that name the option when a value makes no sense, so that they come before any work.
#pragma once

#include <CLI/CLI.hpp>
#include <climits>
#include <cstdint>
#include <span>
#include <string_view>

namespace nst::tools {

// One of some words, which --help then lists.
CLI::Validator one_of(std::span<const std::string_view> names);

// A number from `low` to `high`, or any of at least `low`; unlike CLI::Range they refuse "nan".
CLI::Validator number_in(double low, double high);
CLI::Validator number_from(double low);
CLI::Validator positive_number();
// By default as far as an int goes.
CLI::Validator whole_number_in(uint64_t low, uint64_t high = INT_MAX);

}  // namespace nst::tools
