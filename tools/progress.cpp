#include "tools/progress.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace nst::tools {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kLineInterval = 5;  // seconds between plain lines

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

int terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string values_text(const Progress::Values& values) {
  std::string text;
  for (const auto& [name, value] : values) text += fmt::format("  {} {:.5g}", name, value);
  return text;
}

}  // namespace

std::string format_duration(double seconds) {
  const long s = std::lround(std::max(seconds, 0.0));
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

Progress::Progress(ProgressStyle style, int total, int done)
    : mode_(style == ProgressStyle::json    ? Mode::json
            : style == ProgressStyle::quiet ? Mode::quiet
            : isatty(STDERR_FILENO)         ? Mode::bar
                                            : Mode::lines),
      total_(total),
      first_(done),
      start_(Clock::now()),
      warm_(start_),
      last_line_(start_) {}

Progress::~Progress() {
  if (line_open_) fmt::print(stderr, "\n");
}

void Progress::update(int step, const Values& values) {
  if (mode_ == Mode::quiet) return;
  const bool first = step == first_ + 1;
  const double rate = first ? 1 / std::max(seconds_since(start_), 1e-9)
                            : (step - first_ - 1) / std::max(seconds_since(warm_), 1e-9);
  if (first) warm_ = Clock::now();
  if (mode_ == Mode::json) {
    nlohmann::ordered_json object{{"step", step}, {"total", total_}};
    for (const auto& [name, value] : values) object[name] = value;
    object["steps_per_second"] = rate;
    fmt::print("{}\n", object.dump());
    std::fflush(stdout);
    return;
  }
  if (step == first_ + 2 && step < total_) tell_total(step, rate);
  if (mode_ == Mode::bar) return draw(step, values, rate);
  const bool due = step == first_ + 1 || step == total_ || seconds_since(last_line_) >= kLineInterval;
  if (!due) return;
  last_line_ = Clock::now();
  fmt::print(stderr, "{}/{}{}  {:.2f} it/s  {} left\n", step, total_, values_text(values), rate,
             format_duration((total_ - step) / rate));
}

void Progress::tell_total(int step, double rate) {
  if (line_open_) fmt::print(stderr, "\r\033[K");
  line_open_ = false;
  spdlog::info("about {} for {} steps, as the second took {:.2g} s",
               format_duration(seconds_since(start_) + (total_ - step) / rate), total_ - first_, 1 / rate);
}

void Progress::draw(int step, const Values& values, double rate) {
  const std::string right = fmt::format(" {}/{}{}  {:.2f} it/s  {} left", step, total_, values_text(values),
                                        rate, format_duration((total_ - step) / rate));
  const int room = std::clamp(terminal_width() - static_cast<int>(right.size()) - 3, 0, 40);
  const int filled = static_cast<int>(static_cast<int64_t>(room) * step / std::max(total_, 1));
  std::string bar(static_cast<size_t>(filled), '#');
  bar.resize(static_cast<size_t>(room), '.');
  std::string line = room >= 5 ? "[" + bar + "]" + right : right;
  line.resize(std::min<size_t>(line.size(), static_cast<size_t>(terminal_width()) - 1));
  fmt::print(stderr, "\r\033[K{}", line);
  std::fflush(stderr);
  line_open_ = true;
}

void Progress::message(std::string_view text) {
  if (mode_ == Mode::json) {
    fmt::print("{}\n", nlohmann::json{{"message", text}}.dump());
    std::fflush(stdout);
    return;
  }
  if (mode_ == Mode::quiet) return;
  if (line_open_) fmt::print(stderr, "\r\033[K");
  line_open_ = false;
  spdlog::warn("{}", text);
}

}  // namespace nst::tools
