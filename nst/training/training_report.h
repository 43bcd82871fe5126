// A training run as one HTML page with everything in it: curves, sample pictures, how it was made.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "nst/training/training_folder.h"

namespace nst {

struct TrainingReport {
  std::string title;
  std::vector<std::pair<std::string, std::string>> facts;  // name and value, for a table
};

// Writes report.html from the folder's log, samples and sweep. Throws std::runtime_error when it cannot be
// written.
void write_training_report(const TrainingFolder& folder, const TrainingReport& report);

}  // namespace nst
