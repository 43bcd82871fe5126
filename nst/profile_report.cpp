#include "nst/profile_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "nst/canvas.h"
#include "tensor/file.h"

namespace nst {
namespace {

std::string row_name(const OpEvent& event, ProfileBy by) {
  switch (by) {
    case ProfileBy::op:
      return event.op;
    case ProfileBy::layer:
      return event.region.empty() ? "(outside of a network)" : event.region;
    case ProfileBy::shape:
      return event.op + " " + event.shape;
  }
  return {};
}

constexpr int kWidth = 960, kHeight = 600;
constexpr double kLeft = 86, kRight = 30, kTop = 60, kBottom = 60;  // margins around the plot

// Logarithmic both ways, whole powers of ten at the ends.
struct Axes {
  double x_low, x_high, y_low, y_high;  // log10
  double x(double intensity) const {
    return kLeft + (kWidth - kLeft - kRight) * (std::log10(intensity) - x_low) / (x_high - x_low);
  }
  double y(double rate) const {
    return kHeight - kBottom - (kHeight - kTop - kBottom) * (std::log10(rate) - y_low) / (y_high - y_low);
  }
};

void draw_grid(Canvas& canvas, const Axes& axes) {
  constexpr Colour kGrid{0.88, 0.88, 0.88}, kText{0.25, 0.25, 0.25};
  for (double p = axes.x_low; p <= axes.x_high; ++p) {
    const double at = axes.x(std::pow(10, p));
    canvas.colour(kGrid);
    canvas.line(at, kTop, at, kHeight - kBottom, 1);
    canvas.colour(kText);
    canvas.text(at, kHeight - kBottom + 20, fmt::format("{:g}", std::pow(10, p)), 12, 0.5);
  }
  for (double p = axes.y_low; p <= axes.y_high; ++p) {
    const double at = axes.y(std::pow(10, p));
    canvas.colour(kGrid);
    canvas.line(kLeft, at, kWidth - kRight, at, 1);
    canvas.colour(kText);
    canvas.text(kLeft - 8, at + 4, fmt::format("{:g}", std::pow(10, p) / 1e9), 12, 1);
  }
  canvas.text((kLeft + kWidth - kRight) / 2, kHeight - 14, "FLOP per byte", 13, 0.5);
  canvas.text(kLeft, kTop - 10, "GFLOP/s", 13, 0.5);
}

}  // namespace

std::vector<ProfileRow> profile_rows(const std::vector<OpEvent>& events, ProfileBy by) {
  std::map<std::string, ProfileRow> rows;
  for (const OpEvent& event : events) {
    const std::string name = row_name(event, by);
    ProfileRow& row = rows[name];
    row.name = name;
    ++row.calls;
    row.seconds += event.own;
    row.flops += event.flops;
    row.bytes += event.bytes;
    row.allocated += event.allocated;
  }
  std::vector<ProfileRow> sorted;
  for (auto& [name, row] : rows) sorted.push_back(std::move(row));
  std::ranges::stable_sort(sorted, std::ranges::greater(), &ProfileRow::seconds);
  return sorted;
}

Device busiest_device(const std::vector<OpEvent>& events) {
  std::map<std::string, double> seconds;
  for (const OpEvent& event : events) seconds[event.device.to_string()] += event.own;
  if (seconds.empty()) return kCpu;
  return Device::parse(std::ranges::max_element(seconds, {}, [](const auto& s) { return s.second; })->first);
}

double roofline_share(const ProfileRow& row, const Roofline& roofline) {
  return row.seconds > 0 ? roofline.seconds(row.flops, row.bytes) / row.seconds : 0;
}

void write_trace(const std::filesystem::path& path, const std::vector<OpEvent>& events,
                 const std::vector<StepEvent>& steps) {
  nlohmann::ordered_json trace{{"displayTimeUnit", "ms"}, {"traceEvents", nlohmann::json::array()}};
  std::map<std::string, int> tracks{{kCpu.to_string(), 0}};  // threads, to the viewer
  for (const OpEvent& e : events) tracks.try_emplace(e.device.to_string(), e.device.index + 1);
  for (const auto& [name, track] : tracks) {
    trace["traceEvents"].push_back(
        {{"name", "thread_name"}, {"ph", "M"}, {"pid", 1}, {"tid", track}, {"args", {{"name", name}}}});
  }
  // Complete events ("X"); times in microseconds.
  const auto add = [&](const std::string& name, const std::string& category, int track, double start,
                       double seconds, const nlohmann::ordered_json& arguments) {
    trace["traceEvents"].push_back({{"name", name},
                                    {"cat", category},
                                    {"ph", "X"},
                                    {"pid", 1},
                                    {"tid", track},
                                    {"ts", start * 1e6},
                                    {"dur", seconds * 1e6},
                                    {"args", arguments}});
  };
  for (const StepEvent& s : steps) {
    add(fmt::format("step {}", s.number), "step", tracks.at(kCpu.to_string()), s.start, s.seconds,
        nlohmann::ordered_json::object());
  }
  for (const OpEvent& e : events) {
    add(e.region.empty() ? e.op : e.op + " " + e.region, e.op, tracks.at(e.device.to_string()), e.start,
        e.seconds,
        {{"shape", e.shape},
         {"gflop", e.flops / 1e9},
         {"megabytes", e.bytes / 1e6},
         {"allocated_megabytes", e.allocated / 1e6}});
  }
  write_file_atomically(path, trace.dump() + "\n");
}

void write_roofline_png(const std::filesystem::path& path, const std::string& title,
                        const std::vector<ProfileRow>& rows, const Roofline& roofline) {
  struct Point {
    const ProfileRow* row;
    double intensity, rate;
  };
  std::vector<Point> points;
  double total = 0;
  const double ridge = roofline.flops / roofline.bandwidth;
  double x_low = ridge / 10, x_high = ridge * 10, y_low = roofline.flops / 100, y_high = roofline.flops;
  for (const ProfileRow& row : rows) {
    total += row.seconds;
    if (!(row.flops > 0) || !(row.bytes > 0) || !(row.seconds > 0)) continue;
    const Point p{&row, row.flops / row.bytes, row.flops / row.seconds};
    x_low = std::min(x_low, p.intensity), x_high = std::max(x_high, p.intensity);
    y_low = std::min(y_low, p.rate), y_high = std::max(y_high, p.rate);
    points.push_back(p);
  }
  if (points.empty()) throw std::invalid_argument("roofline: no op counts its arithmetic");
  const Axes axes{std::floor(std::log10(x_low)), std::ceil(std::log10(x_high)), std::floor(std::log10(y_low)),
                  std::ceil(std::log10(y_high))};

  Canvas canvas(kWidth, kHeight);
  draw_grid(canvas, axes);
  canvas.colour({0.1, 0.1, 0.1});
  canvas.text(kLeft, 30, title, 18, 0, true);
  const double left = std::pow(10, axes.x_low), right = std::pow(10, axes.x_high);
  // The slope enters the page where it crosses its lower edge, when that is right of its left one.
  const double start = std::max(left, std::pow(10, axes.y_low) / roofline.bandwidth);
  canvas.polyline({{axes.x(start), axes.y(start * roofline.bandwidth)},
                   {axes.x(ridge), axes.y(roofline.flops)},
                   {axes.x(right), axes.y(roofline.flops)}},
                  2.5);
  canvas.text(kWidth - kRight, axes.y(roofline.flops) - 8,
              fmt::format("{:.0f} GFLOP/s, {:.1f} GB/s", roofline.flops / 1e9, roofline.bandwidth / 1e9), 12,
              1);
  for (const auto& [row, intensity, rate] : points) {
    canvas.colour({0.00, 0.45, 0.70}, 0.6);
    const double radius = 4 + 26 * std::sqrt(row->seconds / total);
    canvas.disc(axes.x(intensity), axes.y(rate), radius);
    canvas.colour({0.1, 0.1, 0.1});
    const bool at_left = axes.x(intensity) > kWidth * 0.6;
    canvas.text(axes.x(intensity) + (at_left ? -radius - 5 : radius + 5), axes.y(rate) + 4, row->name, 11,
                at_left ? 1 : 0);
  }
  write_file_atomically(path, canvas.png());
}

}  // namespace nst
