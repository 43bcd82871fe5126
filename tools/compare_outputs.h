// What `nst compare` remembers between runs, and what it makes of the results.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tools/compare_plan.h"

namespace nst::tools {

// Which cells are done, and with what arguments: OUT/compare.json, written anew after each cell.
class CompareRecord {
 public:
  // Empty when there is no such file. Throws std::runtime_error naming it when it is something else.
  explicit CompareRecord(const std::filesystem::path& out);

  // True when the cell was finished by these very arguments and its picture is still there.
  bool is_done(const CompareCell& cell) const;
  void add(const CompareCell& cell);

 private:
  std::filesystem::path path_;
  std::map<std::string, std::vector<std::string>> done_;  // by the picture's file name
};

// OUT/sheet.png or .jpg (a contact sheet), OUT/losses.csv (a row per cell: its values, and where the method
// reports them its iterations, seconds, last losses and why it ended) and OUT/index.html
// (nst/compare_page.h). `cell_size` is the side of a picture on the sheet; it becomes less where the sheet
// would be too large.
struct CompareOutputs {
  std::filesystem::path sheet, losses, page;
};
CompareOutputs compare_outputs(const std::filesystem::path& out, const std::string& sheet_format);
void write_comparison(const CompareOutputs& outputs, const ComparePlan& plan, int cell_size);

}  // namespace nst::tools
