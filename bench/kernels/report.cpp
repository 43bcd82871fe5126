#include "bench/kernels/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace nst::bench {
namespace {

std::string table_row(const Report& report, const Result& r) {
  const std::string way = fmt::format("| `{}` | {} | {} | {} ", r.kernel, r.shape, r.way, math_name(r.math));
  if (!r.refusal.empty()) return way + fmt::format("| {} | | | | | | |\n", r.refusal);
  const double library = report.library_share(r);
  return way + fmt::format("| {:.4f} | {:.0f} | {} | {:.0f} | {:.0f} | {} | {:.1e} |\n", r.seconds * 1e3,
                           100 * (r.slowest - r.fastest) / r.seconds,
                           r.work.flops > 0 ? fmt::format("{:.0f}", r.work.flops / r.seconds * 1e-9) : "",
                           r.work.bytes / r.seconds * 1e-9, 100 * report.roof_share(r),
                           library > 0 ? fmt::format("{:.0f}", 100 * library) : "", r.error);
}

}  // namespace

std::string_view math_name(MathMode math) {
  switch (math) {
    case MathMode::fp32:
      return "fp32";
    case MathMode::tf32:
      return "tf32";
    case MathMode::bf16:
      return "bf16";
    case MathMode::fp16:
      return "fp16";
  }
  return "?";
}

double Report::roof_share(const Result& result) const {
  return roofs.at(result.math).seconds(result.work.flops, result.work.bytes) / result.seconds;
}

double Report::library_share(const Result& result) const {
  double fastest = INFINITY;
  for (const Result& r : results) {
    const bool same = r.suite == result.suite && r.kernel == result.kernel && r.shape == result.shape &&
                      r.math == result.math;
    if (same && r.library && r.refusal.empty()) fastest = std::min(fastest, r.seconds);
  }
  return std::isfinite(fastest) ? fastest / result.seconds : 0;
}

std::string to_markdown(const Report& report) {
  std::string text = fmt::format("{}, measured:", report.device);
  for (const auto& [math, roof] : report.roofs)
    text += fmt::format(" {:.1f} TFLOP/s {},", roof.flops * 1e-12, math_name(math));
  text += fmt::format(" {:.0f} GB/s. Medians of {} rounds, L2 flushed before every run.\n",
                      report.roofs.begin()->second.bandwidth * 1e-9, report.rounds);
  std::string table;
  for (const Result& result : report.results) {
    if (const std::string title = result.suite + ": " + result.table; title != table) {
      table = title;
      text += fmt::format(
          "\n### {}\n\n| kernel | shape | way | math | ms | spread % | GFLOP/s | GB/s | % of roof | % of "
          "library | "
          "error |\n"
          "|---|---|---|---|---:|---:|---:|---:|---:|---:|---:|\n",
          title);
    }
    text += table_row(report, result);
  }
  return text;
}

std::string to_json(const Report& report) {
  nlohmann::ordered_json record{{"device", report.device}, {"rounds", report.rounds}};
  for (const auto& [math, roof] : report.roofs) {
    record["roofs"][std::string(math_name(math))] = {{"flops", roof.flops}, {"bandwidth", roof.bandwidth}};
  }
  record["results"] = nlohmann::json::array();
  for (const Result& r : report.results) {
    nlohmann::ordered_json row{{"suite", r.suite}, {"kernel", r.kernel},        {"shape", r.shape},
                               {"way", r.way},     {"math", math_name(r.math)}, {"library", r.library}};
    if (!r.refusal.empty()) {
      row["refusal"] = r.refusal;
    } else {
      row.update({{"seconds", r.seconds},
                  {"fastest", r.fastest},
                  {"slowest", r.slowest},
                  {"flops", r.work.flops},
                  {"bytes", r.work.bytes},
                  {"error", r.error},
                  {"roof_share", report.roof_share(r)}});
      if (const double share = report.library_share(r); share > 0) row["library_share"] = share;
    }
    record["results"].push_back(std::move(row));
  }
  return record.dump(2) + "\n";
}

}  // namespace nst::bench
