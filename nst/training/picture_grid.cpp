#include "nst/training/picture_grid.h"

#include <algorithm>

namespace nst {
namespace {
constexpr int64_t kGap = 4;
}

Tensor picture_grid(const std::vector<std::vector<Tensor>>& rows) {
  std::vector<int64_t> widths, heights;
  for (const auto& row : rows) {
    int64_t height = 0;
    for (size_t i = 0; i < row.size(); ++i) {
      check_rank("picture_grid", "picture", row[i], 4);
      if (i == widths.size()) widths.push_back(0);
      widths[i] = std::max(widths[i], row[i].size(2));
      height = std::max(height, row[i].size(1));
    }
    heights.push_back(height);
  }
  int64_t width = kGap, height = kGap;
  for (const int64_t w : widths) width += w + kGap;
  for (const int64_t h : heights) height += h + kGap;
  Tensor page = Tensor::full({1, height, width, 3}, 1);
  float* to = page.mutable_data<float>();
  int64_t top = kGap;
  for (size_t r = 0; r < rows.size(); ++r) {
    int64_t left = kGap;
    for (size_t i = 0; i < rows[r].size(); ++i) {
      const Tensor& picture = rows[r][i];
      const float* from = picture.data<float>();
      const int64_t row_length = picture.size(2) * 3;
      for (int64_t y = 0; y < picture.size(1); ++y)
        std::copy_n(from + y * row_length, row_length, to + ((top + y) * width + left) * 3);
      left += widths[i] + kGap;
    }
    top += heights[r] + kGap;
  }
  return page;
}

}  // namespace nst
