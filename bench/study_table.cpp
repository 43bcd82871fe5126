#include "bench/study_table.h"

#include <fmt/format.h>

#include <sstream>
#include <stdexcept>

#include "kernels/study/conv2d/conv2d.h"
#include "kernels/study/gram/gram.h"
#include "kernels/study/instance_norm/instance_norm.h"
#include "kernels/study/matmul/matmul.h"

namespace nst::bench {
namespace {

using kernels::ChannelShape;
using kernels::study::MatmulShape;

template <class Shape>
std::vector<StudyRow> rows_at(std::span<const kernels::study::Rung<Shape>> rungs, const Shape& shape) {
  std::vector<StudyRow> rows;
  for (const auto& rung : rungs) {
    if (!rung.can_run || rung.can_run(shape)) rows.push_back({rung.name, rung.idea, rung.cost(shape)});
  }
  return rows;
}

StudyTable matmul_table(const char* name, const MatmulShape& s) {
  const double m = s.m, n = s.n, k = s.k;
  return {name, "matmul.md", fmt::format("m = {}, n = {}, k = {}", s.m, s.n, s.k),
          4 * (m * k + k * n + m * n), rows_at(kernels::study::matmul::rungs(), s)};
}

StudyTable instance_norm_table(const char* name, const ChannelShape& s) {
  return {name, "instance_norm.md", fmt::format("n = {}, pixels = {}, c = {}", s.n, s.pixels, s.c),
          8.0 * static_cast<double>(s.n * s.pixels * s.c),
          rows_at(kernels::study::instance_norm::rungs(), s)};
}

StudyTable conv2d_table(const char* name, const kernels::study::conv2d::Shape& s) {
  const double pixels = s.pixels(), c = s.c, k = s.k;
  return {name, "conv2d.md", fmt::format("x ({}, {}, {}, {}), {} filters", s.n, s.h, s.w, s.c, s.k),
          4 * (pixels * c + 9 * c * k + pixels * k), rows_at(kernels::study::conv2d::rungs(), s)};
}

StudyTable gram_table(const char* name, const kernels::study::gram::Shape& s) {
  return {name, "gram.md", fmt::format("n = {}, pixels = {}, c = {}", s.n, s.pixels, s.c),
          4.0 * s.n * s.pixels * s.c + 4.0 * s.out_numel(), rows_at(kernels::study::gram::rungs(), s)};
}

constexpr std::string_view kUnmeasured = "|  |";

// "| `01_naive` |", by which a row is found again.
std::string first_cell(std::string_view row) { return std::string(row.substr(0, row.find('|', 1) + 1)); }

}  // namespace

std::vector<StudyTable> study_tables() {
  return {
      matmul_table("matmul", {.m = 4096, .n = 4096, .k = 4096}),
      conv2d_table("conv2d, conv1_2", {.n = 1, .h = 512, .w = 512, .c = 64, .k = 64}),
      conv2d_table("conv2d, conv4_2", {.n = 1, .h = 64, .w = 64, .c = 512, .k = 512}),
      gram_table("gram, relu1_1", {.n = 1, .pixels = 512 * 512, .c = 64}),
      gram_table("gram, relu4_1", {.n = 1, .pixels = 64 * 64, .c = 512}),
      instance_norm_table("instance_norm, a batch", {.n = 8, .pixels = 128 * 128, .c = 128}),
      instance_norm_table("instance_norm, one picture", {.n = 1, .pixels = 512 * 512, .c = 64}),
  };
}

std::string to_markdown(const StudyTable& table, const kernels::study::DeviceLimits& device) {
  std::string text = fmt::format(
      "Counted at {}; predicted for one {}.\n\n"
      "| rung | idea | GFLOP | DRAM GB | L2 GB | L1 and shared GB | bound by | predicted ms | % of roofline "
      "| "
      "measured ms |\n|---|---|---:|---:|---:|---:|---|---:|---:|---:|\n",
      table.caption, device.name);
  for (const auto& [rung, idea, cost] : table.rows) {
    const auto predicted = predict(cost, device);
    text +=
        fmt::format("| `{}` | {} | {:.4g} | {:.3g} | {:.3g} | {:.3g} | {} | {:.3g} | {:.0f} {}\n", rung, idea,
                    cost.flop * 1e-9, cost.dram_bytes * 1e-9, cost.l2_bytes * 1e-9, cost.shared_bytes * 1e-9,
                    predicted.bound_by, predicted.seconds * 1e3,
                    100 * roofline_seconds(cost, table.least_bytes, device) / predicted.seconds, kUnmeasured);
  }
  return text;
}

std::string with_table(const std::string& page, const StudyTable& table,
                       const kernels::study::DeviceLimits& device) {
  const std::string begin = fmt::format("<!-- study_model: begin {} -->\n", table.name);
  const std::string end = fmt::format("<!-- study_model: end {} -->\n", table.name);
  const size_t first = page.find(begin), last = page.find(end);
  if (first == std::string::npos || last == std::string::npos || last < first) {
    throw std::runtime_error(fmt::format("{}: no marks for a table `{}`", table.page, table.name));
  }
  const std::string old = page.substr(first + begin.size(), last - first - begin.size());
  std::string text;
  std::istringstream lines(to_markdown(table, device));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("| `")) {
      const size_t row = old.find(first_cell(line));
      if (row != std::string::npos) {
        const std::string old_line = old.substr(row, old.find('\n', row) - row);
        const size_t measured = old_line.rfind('|', old_line.size() - 2);
        line.replace(line.size() - kUnmeasured.size(), kUnmeasured.size(), old_line.substr(measured));
      }
    }
    text += line + "\n";
  }
  return page.substr(0, first + begin.size()) + text + page.substr(last);
}

}  // namespace nst::bench
