#include "nst/setting_grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace nst {

SettingAxis parse_setting_axis(std::string_view text) {
  const auto fail = [text](const char* reason) {
    throw std::invalid_argument(
        fmt::format("'{}': {}; expected NAME=VALUE,VALUE,... or NAME=VALUE;VALUE;...", text, reason));
  };
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) fail("no setting is named");
  SettingAxis axis{std::string(text.substr(0, equals)), {}};
  std::string_view rest = text.substr(equals + 1);
  if (rest.empty()) fail("the list is empty");
  const char separator = rest.find(';') == std::string_view::npos ? ',' : ';';
  while (true) {
    const size_t end = rest.find(separator);
    const std::string value(rest.substr(0, end));
    if (value.empty()) fail("a value is empty");
    if (std::ranges::find(axis.values, value) != axis.values.end()) fail("a value comes twice");
    axis.values.push_back(value);
    if (end == std::string_view::npos) return axis;
    rest.remove_prefix(end + 1);
  }
}

SettingGrid::SettingGrid(std::vector<SettingAxis> axes) : axes_(std::move(axes)) {
  if (axes_.empty()) throw std::invalid_argument("a grid needs at least one setting to vary");
  for (auto axis = axes_.begin(); axis != axes_.end(); ++axis) {
    if (axis->values.empty()) throw std::invalid_argument(fmt::format("'{}' has no values", axis->name));
    if (std::any_of(axes_.begin(), axis, [&](const auto& other) { return other.name == axis->name; })) {
      throw std::invalid_argument(fmt::format("'{}' is varied twice", axis->name));
    }
    // Each factor is at most a command line's worth of values, so the product cannot overflow before it is
    // seen.
    size_ *= axis->values.size();
    if (size_ > kMaxCells) {
      throw std::invalid_argument(fmt::format("a grid of {}{} cells; at most {} are possible", size_,
                                              axis + 1 == axes_.end() ? "" : " and more", kMaxCells));
    }
  }
}

std::vector<std::string> SettingGrid::values(size_t cell) const {
  std::vector<std::string> values;
  for (const auto& axis : axes_) {
    values.push_back(axis.values[cell % axis.values.size()]);
    cell /= axis.values.size();
  }
  return values;
}

std::string SettingGrid::name(size_t cell, size_t first_axis) const {
  const auto all = values(cell);
  std::string name;
  for (size_t i = first_axis; i < axes_.size(); ++i) {
    name += fmt::format("{}{}={}", name.empty() ? "" : " ", axes_[i].name, all[i]);
  }
  return name;
}

}  // namespace nst
