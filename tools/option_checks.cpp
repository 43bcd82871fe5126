#include "tools/option_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace nst::tools {
namespace {

template <class Number>
std::optional<Number> parse(const std::string& text) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

// `is_good` decides; `description` is for --help, `wanted` for the message.
CLI::Validator check(std::function<bool(const std::string&)> is_good, std::string description,
                     const std::string& wanted) {
  return {[is_good = std::move(is_good), wanted](std::string& text) {
            return is_good(text) ? std::string() : fmt::format("'{}' is not {}", text, wanted);
          },
          std::move(description)};
}

}  // namespace

CLI::Validator one_of(std::span<const std::string_view> names) {
  std::vector<std::string> words(names.begin(), names.end());
  return check([words](const std::string& text) { return std::ranges::count(words, text) > 0; },
               fmt::format("{{{}}}", fmt::join(words, ",")),
               fmt::format("one of {}", fmt::join(words, ", ")));
}

CLI::Validator number_in(double low, double high) {
  return check(
      [low, high](const std::string& text) {
        const auto value = parse<double>(text);
        return value && *value >= low && *value <= high;
      },
      fmt::format("{}..{}", low, high), fmt::format("a number from {} to {}", low, high));
}

CLI::Validator number_from(double low) {
  return check(
      [low](const std::string& text) {
        const auto value = parse<double>(text);
        return value && std::isfinite(*value) && *value >= low;
      },
      fmt::format(">= {}", low), fmt::format("a number of at least {}", low));
}

CLI::Validator positive_number() {
  return check(
      [](const std::string& text) {
        const auto value = parse<double>(text);
        return value && std::isfinite(*value) && *value > 0;
      },
      "> 0", "a number above 0");
}

CLI::Validator whole_number_in(uint64_t low, uint64_t high) {
  return check(
      [low, high](const std::string& text) {
        const auto value = parse<uint64_t>(text);
        return value && *value >= low && *value <= high;
      },
      fmt::format(">= {}", low), fmt::format("a whole number from {} to {}", low, high));
}

}  // namespace nst::tools
