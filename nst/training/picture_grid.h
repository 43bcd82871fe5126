// Pictures side by side.
#pragma once

#include <vector>

#include "tensor/tensor.h"

namespace nst {

// Rows of pictures (1, H, W, 3), 0..1, on the CPU, as one on white, a few pixels apart; those of a row stand
// on one line, at the upper left of cells as large as the column's widest and the row's highest.
Tensor picture_grid(const std::vector<std::vector<Tensor>>& rows);

}  // namespace nst
