// A grid of settings: every combination of some values of some settings.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace nst {

struct SettingAxis {
  std::string name;  // "style_weight"
  std::vector<std::string> values;
};

// "style_weight=1e2,1e3" or, where a value has commas of its own, "style_layers=relu1_1;relu1_1,relu2_1".
// Throws std::invalid_argument when the name or a value is empty, or a value stands there twice.
SettingAxis parse_setting_axis(std::string_view text);

class SettingGrid {
 public:
  // Throws std::invalid_argument for no axis, a name that comes twice, an axis without values, or more than
  // kMaxCells cells.
  explicit SettingGrid(std::vector<SettingAxis> axes);
  static constexpr size_t kMaxCells = 256;

  const std::vector<SettingAxis>& axes() const { return axes_; }
  size_t size() const { return size_; }
  // The value of each axis in a cell; the first axis changes fastest.
  std::vector<std::string> values(size_t cell) const;
  // "style_weight=1e2 pooling=max": the cell's name among all of the grid's, of the axes from `first_axis`
  // on.
  std::string name(size_t cell, size_t first_axis = 0) const;

 private:
  std::vector<SettingAxis> axes_;
  size_t size_ = 1;
};

}  // namespace nst
