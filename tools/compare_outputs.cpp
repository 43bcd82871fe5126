#include "tools/compare_outputs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "nst/compare_page.h"
#include "nst/contact_sheet.h"
#include "nst/image.h"
#include "nst/loss_curve.h"
#include "tensor/file.h"
#include "tools/progress.h"

namespace nst::tools {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr size_t kMaxJsonBytes = 64 << 20;
constexpr size_t kMostColumns = 6;  // of a sheet with one axis, which has no columns of its own
constexpr int kRoomForWords = 64;   // pixels beside each picture of a sheet

std::string read_text(const fs::path& path) {
  const auto bytes = read_file(path, kMaxJsonBytes);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// What the method wrote beside the picture.
fs::path beside(const CompareCell& cell, const char* suffix) {
  return fs::path(cell.picture).replace_extension().concat(suffix);
}

// One cell's report, as `nst basic --report` writes it.
struct Report {
  std::vector<CurveColumn> curve = {};  // the losses
  size_t iterations = 0;
  double seconds = 0;
  std::string end = {};
};

Report read_report(const CompareCell& cell) {
  Report report{.curve = read_curve_csv(beside(cell, ".loss.csv"))};
  std::erase_if(report.curve, [](const auto& column) { return column.name == "seconds"; });
  if (!report.curve.empty()) report.iterations = report.curve.front().values.size();
  const auto json =
      nlohmann::json::parse(read_text(beside(cell, ".json")), nullptr, /*allow_exceptions=*/false);
  if (json.is_object()) {
    report.seconds = json.value("seconds", 0.0);
    report.end = json.value("end", "");
  }
  return report;
}

// As RFC 4180 wants it.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted(1, '"');
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  quoted.push_back('"');
  return quoted;
}

void write_losses(const fs::path& path, const ComparePlan& plan, const std::vector<Report>& reports) {
  std::vector<std::string> losses;  // of all cells, in the order in which they come up
  for (const auto& report : reports) {
    for (const auto& column : report.curve) {
      if (std::ranges::find(losses, column.name) == losses.end()) losses.push_back(column.name);
    }
  }
  std::vector<std::string> header;
  for (const auto& axis : plan.grid.axes()) header.push_back(axis.name);
  if (plan.has_report) {
    header.insert(header.end(), {"iterations", "seconds"});
    header.insert(header.end(), losses.begin(), losses.end());
    header.push_back("end");
  }
  std::string text = fmt::format("{}\n", fmt::join(header, ","));
  for (size_t i = 0; i < reports.size(); ++i) {
    std::vector<std::string> row;
    for (const auto& value : plan.grid.values(i)) row.push_back(csv_field(value));
    if (plan.has_report) {
      row.push_back(fmt::format("{}", reports[i].iterations));
      row.push_back(fmt::format("{:.3f}", reports[i].seconds));
      for (const auto& name : losses) {
        const auto column = std::ranges::find(reports[i].curve, name, &CurveColumn::name);
        const bool known = column != reports[i].curve.end() && !column->values.empty();
        row.push_back(known ? fmt::format("{:.9g}", column->values.back()) : "");
      }
      row.push_back(csv_field(reports[i].end));
    }
    text += fmt::format("{}\n", fmt::join(row, ","));
  }
  write_file_atomically(path, text);
}

// A value as a label: of a file its name alone.
std::string label(const std::string& value) {
  return value.find('/') == std::string::npos ? value : fs::path(value).filename().string();
}

std::string title(const ComparePlan& plan) {
  std::vector<std::string> names;
  for (const auto& axis : plan.grid.axes()) names.push_back(axis.name);
  return fmt::format("{} of nst {}", fmt::join(names, " and "), plan.command.front());
}

ContactSheet contact_sheet(const ComparePlan& plan, const std::vector<Tensor>& pictures,
                           const std::vector<std::pair<std::string, Tensor>>& references, int cell_size) {
  ContactSheet sheet{.title = title(plan)};
  for (const auto& [name, picture] : references) sheet.references.push_back({name, picture});
  const auto& axes = plan.grid.axes();
  const size_t values = axes.front().values.size();
  // One axis is broken into rows of nearly equal length.
  const size_t lines = axes.size() > 1 ? 1 : (values + kMostColumns - 1) / kMostColumns;
  const size_t columns = (values + lines - 1) / lines;
  for (size_t i = 0; i < pictures.size(); ++i) {
    const size_t at = i % values;
    if (at % columns == 0) {
      SheetRow& row = sheet.rows.emplace_back();
      for (size_t axis = 1; axis < axes.size(); ++axis) {
        row.heading +=
            fmt::format("{}{} {}", axis > 1 ? ", " : "", axes[axis].name, label(plan.grid.values(i)[axis]));
      }
    }
    sheet.rows.back().pictures.push_back({label(axes.front().values[at]), pictures[i]});
  }
  const int most = static_cast<int>(std::max(columns, sheet.rows.size()));
  sheet.cell = std::min(cell_size, kMaxSheetSide / (most + 1) - kRoomForWords);
  return sheet;
}

std::string shell_word(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_of(" \t\n\"'\\$`&|;<>()*?[]#~!{}") == std::string::npos;
  if (plain) return word;
  std::string quoted(1, '\'');
  for (const char c : word) c == '\'' ? quoted.append("'\\''") : quoted.append(1, c);
  quoted.push_back('\'');
  return quoted;
}

std::string command_text(const ComparePlan& plan) {
  std::string text = "nst compare";
  for (const auto& axis : plan.grid.axes()) {
    const bool commas =
        std::ranges::any_of(axis.values, [](const auto& v) { return v.find(',') != std::string::npos; });
    const std::string vary = fmt::format("{}={}", axis.name, fmt::join(axis.values, commas ? ";" : ","));
    text += fmt::format(" --vary {}", shell_word(vary));
  }
  for (const auto& word : plan.command) text += fmt::format(" {}", shell_word(word));
  return text;
}

}  // namespace

CompareRecord::CompareRecord(const fs::path& out) : path_(out / "compare.json") {
  if (!fs::exists(path_)) return;
  try {
    nlohmann::json::parse(read_text(path_)).at("done").get_to(done_);
  } catch (const nlohmann::json::exception&) {
    throw std::runtime_error(
        fmt::format("{}: not written by nst compare; --out needs a folder of its own", path_.string()));
  }
}

bool CompareRecord::is_done(const CompareCell& cell) const {
  const auto found = done_.find(cell.picture.filename().string());
  return found != done_.end() && found->second == cell.arguments && fs::exists(cell.picture);
}

void CompareRecord::add(const CompareCell& cell) {
  done_[cell.picture.filename().string()] = cell.arguments;
  write_file_atomically(path_, Json{{"done", done_}}.dump(2) + "\n");
}

CompareOutputs compare_outputs(const fs::path& out, const std::string& sheet_format) {
  return {out / ("sheet." + sheet_format), out / "losses.csv", out / "index.html"};
}

void write_comparison(const CompareOutputs& outputs, const ComparePlan& plan, int cell_size) {
  std::vector<std::pair<std::string, Tensor>> references;
  for (const auto& [name, file] : plan.references) {
    references.emplace_back(fmt::format("{}: {}", name, fs::path(file).filename().string()),
                            load_image(file));
  }
  std::vector<Tensor> pictures;
  std::vector<Report> reports;
  for (const auto& cell : plan.cells) {
    pictures.push_back(load_image(cell.picture));
    reports.push_back(plan.has_report ? read_report(cell) : Report{});
  }
  write_losses(outputs.losses, plan, reports);
  save_image(outputs.sheet, draw_contact_sheet(contact_sheet(plan, pictures, references, cell_size)));

  Comparison comparison{
      .title = title(plan), .command = command_text(plan), .references = references, .grid = plan.grid};
  for (size_t i = 0; i < pictures.size(); ++i) {
    const Report& report = reports[i];
    std::string note = fmt::format("{} x {} pixels", pictures[i].size(2), pictures[i].size(1));
    if (plan.has_report) {
      note += fmt::format("; {} iterations in {}; {}", report.iterations, format_duration(report.seconds),
                          report.end);
    }
    comparison.results.push_back({pictures[i], report.curve, note});
  }
  write_file_atomically(outputs.page, compare_page(comparison));
}

}  // namespace nst::tools
