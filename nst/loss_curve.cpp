#include "nst/loss_curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "nst/canvas.h"
#include "tensor/file.h"

namespace nst {
namespace {

constexpr size_t kMaxCsvBytes = 64 << 20;
constexpr int kWidth = 960, kHeight = 540;
constexpr double kLeft = 86, kRight = 24, kTop = 72, kBottom = 56;  // margins around the plot

// What is smaller than this part of the largest value is left out: a content loss begins at nearly nothing
// where the start is the photograph, and would take all the paper.
constexpr double kRange = 1e-6;
// Distinguishable with any colour vision (Okabe & Ito).
constexpr std::array<Colour, 5> kColours{
    {{0.00, 0.00, 0.00}, {0.00, 0.45, 0.70}, {0.84, 0.37, 0.00}, {0.00, 0.62, 0.45}, {0.80, 0.47, 0.65}}};

// From data to pixels: x linear over the iterations, y logarithmic.
struct Axes {
  double x_max, log_low, log_high;
  double x(double iteration) const {
    return kLeft + (kWidth - kLeft - kRight) * (iteration - 1) / std::max(x_max - 1, 1.0);
  }
  double y(double value) const {
    return kHeight - kBottom -
           (kHeight - kTop - kBottom) * (std::log10(value) - log_low) / (log_high - log_low);
  }
};

bool drawable(double v) { return std::isfinite(v) && v > 0; }

// 1, 2 or 5 times a power of ten, such that about `count` steps cover the range.
double nice_step(double range, int count) {
  const double raw = std::max(range / count, 1.0), power = std::pow(10, std::floor(std::log10(raw)));
  for (double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= raw) return factor * power;
  }
  return 10 * power;
}

void draw_grid(Canvas& canvas, const Axes& axes) {
  constexpr Colour kGrid{0.85, 0.85, 0.85}, kText{0.25, 0.25, 0.25};
  // Ticks at every power of ten, and at 2 and 5 between them while few powers are in view.
  const bool few = axes.log_high - axes.log_low < 2.5;
  for (int power = static_cast<int>(std::floor(axes.log_low)); power <= std::ceil(axes.log_high); ++power) {
    for (double factor : {1.0, 2.0, 5.0}) {
      if (factor != 1 && !few) continue;
      const double value = factor * std::pow(10, power), log = std::log10(value);
      if (log < axes.log_low - 1e-9 || log > axes.log_high + 1e-9) continue;
      canvas.colour(kGrid);
      canvas.line(kLeft, axes.y(value), kWidth - kRight, axes.y(value), 1);
      canvas.colour(kText);
      canvas.text(kLeft - 8, axes.y(value) + 4, fmt::format("{:g}", value), 12, 1);
    }
  }
  const double step = nice_step(axes.x_max, 10);
  for (double i = 0; i <= axes.x_max; i += step) {
    const double iteration = std::max(i, 1.0);
    canvas.colour(kGrid);
    canvas.line(axes.x(iteration), kTop, axes.x(iteration), kHeight - kBottom, 1);
    canvas.colour(kText);
    canvas.text(axes.x(iteration), kHeight - kBottom + 18, fmt::format("{:g}", iteration), 12, 0.5);
  }
  canvas.text(kLeft + (kWidth - kLeft - kRight) / 2, kHeight - 14, "iteration", 13, 0.5);
}

void draw_curve(Canvas& canvas, const Axes& axes, const std::vector<double>& values) {
  std::vector<std::pair<double, double>> run;  // of values that can be drawn; a gap starts another
  for (size_t i = 0; i <= values.size(); ++i) {
    if (i < values.size() && drawable(values[i]) && std::log10(values[i]) >= axes.log_low) {
      run.emplace_back(axes.x(static_cast<double>(i) + 1), axes.y(values[i]));
    } else {
      canvas.polyline(run, 2);
      run.clear();
    }
  }
}

}  // namespace

void write_curve_csv(const std::filesystem::path& path, const std::vector<CurveColumn>& columns) {
  std::string text = "iteration";
  size_t rows = 0;
  for (const auto& column : columns) {
    text += "," + column.name;
    rows = std::max(rows, column.values.size());
  }
  for (size_t i = 0; i < rows; ++i) {
    text += fmt::format("\n{}", i + 1);
    for (const auto& column : columns)
      text += i < column.values.size() ? fmt::format(",{:.9g}", column.values[i]) : ",";
  }
  write_file_atomically(path, text + "\n");
}

std::vector<CurveColumn> read_curve_csv(const std::filesystem::path& path) {
  const auto bytes = read_file(path, kMaxCsvBytes);
  std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto fail = [&](size_t line) {
    throw std::runtime_error(fmt::format("{}: line {} is not one of a loss curve", path.string(), line));
  };
  std::vector<CurveColumn> columns;
  for (size_t line = 1; !rest.empty(); ++line) {
    std::string_view row = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(row.size() + 1, rest.size()));
    for (size_t field = 0;; ++field) {
      const std::string_view text = row.substr(0, row.find(','));
      if (line == 1) {
        if (field == 0 && text != "iteration") fail(line);
        if (field > 0) columns.push_back({std::string(text), {}});
      } else {
        if (field > columns.size()) fail(line);
        double value = NAN;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (!text.empty() && (error != std::errc() || end != text.data() + text.size())) fail(line);
        if (field > 0) columns[field - 1].values.push_back(value);
      }
      if (text.size() == row.size()) {
        if (field != columns.size()) fail(line);
        break;
      }
      row.remove_prefix(text.size() + 1);
    }
  }
  if (columns.empty()) fail(1);
  return columns;
}

std::string curve_png(const std::string& title, const std::vector<CurveColumn>& columns) {
  double low = INFINITY, high = 0;
  size_t iterations = 0;
  std::vector<const CurveColumn*> drawn;
  for (const auto& column : columns) {
    if (std::ranges::none_of(column.values, drawable)) continue;
    drawn.push_back(&column);
    iterations = std::max(iterations, column.values.size());
    for (double v : column.values) {
      if (drawable(v)) low = std::min(low, v), high = std::max(high, v);
    }
  }
  if (drawn.empty()) throw std::invalid_argument("loss curve: no positive value to draw");
  low = std::max(low, high * kRange);
  const double margin = std::max(0.05 * std::log10(high / low), 0.02);
  const Axes axes{static_cast<double>(iterations), std::log10(low) - margin, std::log10(high) + margin};

  Canvas canvas(kWidth, kHeight);
  draw_grid(canvas, axes);
  canvas.colour({0.1, 0.1, 0.1});
  canvas.text(kLeft, 28, title, 18, 0, true);
  double legend = kWidth - kRight;
  for (size_t i = drawn.size(); i-- > 0;) {
    const Colour colour = kColours[i % kColours.size()];
    canvas.colour(colour);
    draw_curve(canvas, axes, drawn[i]->values);
    canvas.text(legend, 52, drawn[i]->name, 14, 1);
    legend -= canvas.text_width(drawn[i]->name, 14) + 8;
    canvas.line(legend - 22, 47, legend, 47, 3);
    legend -= 40;
  }
  return canvas.png();
}

void write_curve_png(const std::filesystem::path& path, const std::string& title,
                     const std::vector<CurveColumn>& columns) {
  write_file_atomically(path, curve_png(title, columns));
}

}  // namespace nst
