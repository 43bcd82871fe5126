#include "nst/training/training_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "nn/safetensors.h"

namespace nst {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSettingsKey = "nst_training";

void create(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw std::runtime_error(fmt::format("{}: {}", folder.string(), error.message()));
}

fs::path numbered(int64_t step, std::string_view extension) {
  return fmt::format("{:08}{}", step, extension);
}

// The steps that files of a folder are named by. Temporary files have other names.
std::vector<int64_t> numbers_in(const fs::path& folder, std::string_view extension) {
  std::vector<int64_t> steps;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().stem().string();
    int64_t step = 0;
    const auto [stop, problem] = std::from_chars(name.data(), name.data() + name.size(), step);
    if (problem == std::errc() && stop == name.data() + name.size() && it->path().extension() == extension)
      steps.push_back(step);
  }
  std::ranges::sort(steps);
  return steps;
}

constexpr const char* kCheckpoints = "checkpoints";
constexpr const char* kSamples = "samples";
constexpr const char* kSweep = "sweep";

}  // namespace

TrainingFolder::TrainingFolder(fs::path root) : root_(std::move(root)) {
  create(root_ / kCheckpoints);
  create(root_ / kSamples);
}

fs::path TrainingFolder::sample(int64_t step) const { return root_ / kSamples / numbered(step, ".jpg"); }
fs::path TrainingFolder::checkpoint(int64_t step) const {
  return root_ / kCheckpoints / numbered(step, ".safetensors");
}
std::vector<int64_t> TrainingFolder::checkpoints() const {
  return numbers_in(root_ / kCheckpoints, ".safetensors");
}
std::vector<int64_t> TrainingFolder::samples() const { return numbers_in(root_ / kSamples, ".jpg"); }

fs::path TrainingFolder::sweep_sample(double factor) const {
  create(root_ / kSweep);
  return root_ / kSweep / fmt::format("{:g}.jpg", factor);
}

std::vector<std::pair<double, fs::path>> TrainingFolder::sweep_samples() const {
  std::vector<std::pair<double, fs::path>> samples;
  std::error_code error;
  for (fs::directory_iterator it(root_ / kSweep, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().stem().string();
    double factor = 0;
    const auto [stop, problem] = std::from_chars(name.data(), name.data() + name.size(), factor);
    if (problem == std::errc() && stop == name.data() + name.size()) samples.emplace_back(factor, it->path());
  }
  std::ranges::sort(samples);
  return samples;
}

void TrainingFolder::save_checkpoint(int64_t step, const nn::StateDict& state, const std::string& settings,
                                     int64_t keep) {
  nn::write_safetensors(checkpoint(step), state, {.metadata = {{kSettingsKey, settings}}});
  const auto steps = checkpoints();
  for (size_t i = 0; i + static_cast<size_t>(keep) < steps.size(); ++i) {
    std::error_code ignored;  // one too many does no harm
    fs::remove(checkpoint(steps[i]), ignored);
  }
}

TrainingCheckpoint newest_checkpoint(const fs::path& root) {
  auto steps = numbers_in(root / kCheckpoints, ".safetensors");
  std::string problem = "holds no checkpoint";
  for (; !steps.empty(); steps.pop_back()) {
    const fs::path path = root / kCheckpoints / numbered(steps.back(), ".safetensors");
    try {
      const nn::WeightFile file = nn::open_weights(path);
      const auto settings = file.metadata().find(kSettingsKey);
      if (settings == file.metadata().end()) file.fail("not a checkpoint of nst train");
      return {path, file.read_all(), settings->second};
    } catch (const std::runtime_error& error) {
      problem = error.what();
    }
  }
  throw std::runtime_error(fmt::format("{}: {}", root.string(), problem));
}

}  // namespace nst
