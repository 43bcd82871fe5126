// A grid of results as one HTML file that needs nothing beside it: the pictures in a table, a click on one
// shows it large with its loss curve and what it was made with, arrow keys go on to its neighbours.
#pragma once

#include <string>
#include <vector>

#include "nst/loss_curve.h"
#include "nst/setting_grid.h"
#include "tensor/tensor.h"

namespace nst {

struct ComparedResult {
  Tensor picture = {};                  // (1, H, W, 3), RGB in 0..1; undefined where there is none yet
  std::vector<CurveColumn> curve = {};  // empty where the method keeps none
  std::string note = {};                // "100 iterations in 0:26"
};

struct Comparison {
  std::string title;
  std::string command;                                          // that made it all, for whoever wants to
  std::vector<std::pair<std::string, Tensor>> references = {};  // "content", "style"
  SettingGrid grid;
  std::vector<ComparedResult> results = {};  // one per cell of the grid
};

// Throws std::invalid_argument unless there is one result per cell.
std::string compare_page(const Comparison& comparison);

}  // namespace nst
