#include "nst/training/training_log.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "tensor/file.h"

namespace nst {
namespace {

// Of a step, beside its losses.
constexpr const char *kStep = "step", *kNorm = "gradient_norm", *kRate = "learning_rate",
                     *kSeconds = "seconds";

std::optional<TrainingStep> parse(const std::string& line) {
  const auto json = nlohmann::ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains(kStep)) return std::nullopt;
  TrainingStep step;
  for (const auto& [key, value] : json.items()) {
    if (!value.is_number()) return std::nullopt;
    if (key == kStep) {
      step.step = value;
    } else if (key == kNorm) {
      step.gradient_norm = value;
    } else if (key == kRate) {
      step.learning_rate = value;
    } else if (key == kSeconds) {
      step.seconds = value;
    } else {
      step.losses.emplace_back(key, value);
    }
  }
  return step;
}

}  // namespace

std::string to_json(const TrainingStep& step) {
  nlohmann::ordered_json json{{kStep, step.step}};
  for (const auto& [name, value] : step.losses) json[name] = value;
  json[kNorm] = step.gradient_norm;
  json[kRate] = step.learning_rate;
  json[kSeconds] = step.seconds;
  return json.dump();
}

std::vector<TrainingStep> read_training_log(const std::filesystem::path& path, int64_t last_step) {
  std::vector<TrainingStep> steps;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (file.eof()) break;  // no newline: half a line
    auto step = parse(line);
    if (!step || step->step > last_step) break;
    steps.push_back(std::move(*step));
  }
  return steps;
}

TrainingLog::TrainingLog(const std::filesystem::path& path, int64_t steps_done) : path_(path) {
  std::string kept;
  for (const auto& step : read_training_log(path, steps_done)) kept += to_json(step) + "\n";
  write_file_atomically(path, kept);
  file_.reset(std::fopen(path.c_str(), "a"));
  if (!file_) throw std::runtime_error(fmt::format("{}: {}", path.string(), std::strerror(errno)));
}

void TrainingLog::write(const TrainingStep& step) {
  const std::string line = to_json(step) + "\n";
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size() || std::fflush(file_.get()) != 0)
    throw std::runtime_error(fmt::format("{}: {}", path_.string(), std::strerror(errno)));
}

}  // namespace nst
