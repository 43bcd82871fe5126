// The losses of every step as JSON lines, {"step":1,"total":2.5,"content":...}. A resumed run's log is that
// of an unbroken one.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "nst/training/trainer.h"

namespace nst {

class TrainingLog {
 public:
  // Opens the file to append what follows step `steps_done`: what a killed run wrote after that step, or half
  // wrote, is cut off. Throws std::runtime_error naming the file when that cannot be.
  TrainingLog(const std::filesystem::path& path, int64_t steps_done);

  // The line is with the operating system when this returns: a killed process loses none.
  void write(const TrainingStep& step);

 private:
  std::filesystem::path path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{nullptr, std::fclose};
};

std::string to_json(const TrainingStep& step);
// Every whole line of a log up to a step; none where there is no file.
std::vector<TrainingStep> read_training_log(const std::filesystem::path& path, int64_t last_step);

}  // namespace nst
