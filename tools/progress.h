// Progress of a long run, for whoever watches: a bar that redraws itself on a terminal, plain lines now and
// then when standard error goes elsewhere, one JSON object per step on standard output for machines.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nst::tools {

enum class ProgressStyle { automatic, json, quiet };

class Progress {
 public:
  // `total` steps are to come, of which `done` were done by an earlier run.
  Progress(ProgressStyle style, int total, int done = 0);
  ~Progress();  // ends the bar's line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  using Values = std::vector<std::pair<std::string, double>>;
  // After step number `step`, with what there is to say about it, e.g. {{"loss", 12.5}}. Speed is measured
  // from the end of the first step, in which memory is laid out and weights are packed; the second tells how
  // long all will take.
  void update(int step, const Values& values);
  // A remark on a line of its own: in the log, or among the JSON objects.
  void message(std::string_view text);

 private:
  enum class Mode { bar, lines, json, quiet };
  void draw(int step, const Values& values, double rate);
  void tell_total(int step, double rate);

  Mode mode_;
  int total_;
  int first_;  // steps done before this run
  std::chrono::steady_clock::time_point start_, warm_, last_line_;
  bool line_open_ = false;
};

// "1:05" or "2:00:05" from seconds.
std::string format_duration(double seconds);

}  // namespace nst::tools
