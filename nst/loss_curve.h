// The record of an optimisation as files: numbers for programs, a chart for people.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace nst {

// A named column of a loss curve, one value per iteration.
struct CurveColumn {
  std::string name;
  std::vector<double> values;
};

// Comma-separated, a header line, then `iteration` from 1 and every column. Written whole or not at all;
// throws std::runtime_error when it cannot be.
void write_curve_csv(const std::filesystem::path& path, const std::vector<CurveColumn>& columns);

// What write_curve_csv wrote; a value that is missing is NaN. Throws std::runtime_error naming the file when
// it cannot be read or is not such a table.
std::vector<CurveColumn> read_curve_csv(const std::filesystem::path& path);

// A chart of every column that has a positive value, against the iteration, on a logarithmic axis: a PNG
// file's bytes. Throws std::invalid_argument when there is nothing to draw.
std::string curve_png(const std::string& title, const std::vector<CurveColumn>& columns);
// The same into a file; throws std::runtime_error when it cannot be written.
void write_curve_png(const std::filesystem::path& path, const std::string& title,
                     const std::vector<CurveColumn>& columns);

}  // namespace nst
