// What a run writes: the picture, checkpoints, and a report of how it came about.
#pragma once

#include <filesystem>
#include <string>

#include "nn/state_dict.h"
#include "nst/basic.h"
#include "tools/run_inputs.h"
#include "tools/run_settings.h"

namespace nst::tools {

// Throws std::invalid_argument or std::runtime_error when one of the files that a run with these settings
// will write cannot be written, or would take the place of one that it reads.
void check_run_outputs(const RunSettings& settings, bool report);

// The photograph's colours are kept, and its size taken, where the settings say so.
void save_run_picture(const std::filesystem::path& path, const RunSettings& settings, const Basic& basic,
                      const RunInputs& inputs);
// Where the picture after some iterations goes: result.png -> result.00050.png.
std::filesystem::path numbered_picture(const RunSettings& settings, int iteration);

// result.png -> result.checkpoint.safetensors
std::filesystem::path checkpoint_path(const RunSettings& settings);
void save_run_checkpoint(const RunSettings& settings, const Basic& basic);
// The settings a checkpoint was written with, and the state of the run. Throws std::runtime_error naming the
// file when it is no checkpoint.
struct RunCheckpoint {
  RunSettings settings;
  nn::StateDict state;
};
RunCheckpoint read_run_checkpoint(const std::filesystem::path& path);

// OUT.json, OUT.loss.csv and OUT.loss.png. `end` says why the run ended. Needs a step to have been taken.
void write_run_report(const RunSettings& settings, const Basic& basic, const std::string& end);

}  // namespace nst::tools
