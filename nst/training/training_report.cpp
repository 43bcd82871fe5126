#include "nst/training/training_report.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <limits>
#include <span>

#include "nst/loss_curve.h"
#include "nst/training/training_log.h"
#include "tensor/file.h"

namespace nst {
namespace {

constexpr size_t kMaxSamples = 12;  // in the page, spread over the run
constexpr size_t kMaxPictureBytes = 64u << 20;
constexpr size_t kSmoothing = 100;  // a curve's point is the mean of this part of the run before it

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{0}</title><style>
body {{ font: 16px/1.5 sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222 }}
img {{ max-width: 100%; display: block }}
table {{ border-collapse: collapse }} td {{ padding: .15rem 1.5rem .15rem 0; vertical-align: top }}
td:first-child {{ color: #666 }} figure {{ margin: 1.5rem 0 }} figcaption {{ color: #666 }}
</style></head><body><h1>{0}</h1>
)";

std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '&':
        html += "&amp;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

std::string base64(std::span<const std::byte> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(length));
  return text;
}

std::string figure(std::span<const std::byte> file, std::string_view type, std::string_view caption) {
  return fmt::format(
      "<figure><img alt=\"{0}\" src=\"data:image/{1};base64,{2}\"><figcaption>{0}</figcaption></figure>\n",
      escaped(caption), type, base64(file));
}

// Every loss, each point the mean over the steps before it: single batches tell little.
std::vector<CurveColumn> curves(const std::vector<TrainingStep>& steps) {
  std::vector<CurveColumn> columns;
  const size_t window = std::max<size_t>(steps.size() / kSmoothing, 1);
  for (size_t c = 0; !steps.empty() && c < steps.front().losses.size(); ++c) {
    auto& column = columns.emplace_back(CurveColumn{steps.front().losses[c].first, {}});
    double sum = 0;
    for (size_t i = 0; i < steps.size(); ++i) {
      const auto value = [&](size_t step) {
        return c < steps[step].losses.size() ? steps[step].losses[c].second : 0;
      };
      sum += value(i);
      if (i >= window) sum -= value(i - window);
      column.values.push_back(sum / static_cast<double>(std::min(i + 1, window)));
    }
  }
  return columns;
}

// At most `count` of them, evenly, the last among them.
template <class T>
std::vector<T> spread(const std::vector<T>& all, size_t count) {
  if (all.size() <= count) return all;
  std::vector<T> some;
  for (size_t i = 1; i <= count; ++i) some.push_back(all[i * all.size() / count - 1]);
  return some;
}

}  // namespace

void write_training_report(const TrainingFolder& folder, const TrainingReport& report) {
  std::string html = fmt::format(kHead, escaped(report.title));
  const auto steps = read_training_log(folder.log(), std::numeric_limits<int64_t>::max());
  html += "<table>\n";
  const auto row = [&](std::string_view name, std::string_view value) {
    html += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", escaped(name), escaped(value));
  };
  for (const auto& [name, value] : report.facts) row(name, value);
  if (!steps.empty()) {
    row("steps", fmt::format("{}", steps.back().step));
    row("hours of computing", fmt::format("{:.2f}", steps.back().seconds / 3600));
  }
  html += "</table>\n";
  const auto columns = curves(steps);
  if (!columns.empty()) {
    const std::string png = curve_png("losses", columns);
    html += figure(std::as_bytes(std::span(png)), "png",
                   fmt::format("losses, weights applied, means over {} steps",
                               std::max<size_t>(steps.size() / kSmoothing, 1)));
  }
  const auto pictures = folder.sweep_samples();
  if (!pictures.empty()) html += "<h2>Sweep of the style's weight</h2>\n";
  for (const auto& [factor, path] : pictures)
    html += figure(read_file(path, kMaxPictureBytes), "jpeg", fmt::format("style weight times {}", factor));
  const auto samples = spread(folder.samples(), kMaxSamples);
  if (!samples.empty()) html += "<h2>Samples</h2>\n";
  for (auto step = samples.rbegin(); step != samples.rend(); ++step) {
    html += figure(read_file(folder.sample(*step), kMaxPictureBytes), "jpeg",
                   fmt::format("after step {}", *step));
  }
  write_file_atomically(folder.report(), html + "</body></html>\n");
}

}  // namespace nst
