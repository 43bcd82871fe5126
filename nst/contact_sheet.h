// Many pictures on one page, each with a word about it.
#pragma once

#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace nst {

struct SheetPicture {
  std::string caption = {};  // above the picture; empty: none
  Tensor picture = {};       // (1, H, W, 3), RGB in 0..1; undefined: an empty frame
};

struct SheetRow {
  std::string heading = {};  // above the row; empty: none
  std::vector<SheetPicture> pictures = {};
};

struct ContactSheet {
  std::string title = {};
  std::vector<SheetPicture> references = {};  // what all were made from, small, beneath the title
  std::vector<SheetRow> rows = {};
  int cell = 256;  // pixels: the side of the square that each picture is fitted into
};

// Text that is too long for its place is set smaller, and then cut in the middle. Throws
// std::invalid_argument when there is no row, a cell has less than 32 pixels or the page would have a side of
// more than kMaxSheetSide.
inline constexpr int kMaxSheetSide = 32767;
Tensor draw_contact_sheet(const ContactSheet& sheet);  // (1, H, W, 3)

}  // namespace nst
