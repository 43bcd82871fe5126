// Checkpoints as deeplearn.js (later TensorFlow.js) kept them: a folder of a manifest.json and one file of
// little-endian float32 per variable. What became of many of lengstrom's networks.
#pragma once

#include <filesystem>

#include "nn/weight_file.h"

namespace nst::nn {

// manifest.json is {"NAME": {"filename": "FILE", "shape": [9, 9, 3, 32]}, ...}; a file lies in the folder
// itself. Throws std::runtime_error when the manifest says otherwise or a file has another length.
WeightFile open_deeplearnjs(const std::filesystem::path& folder);

}  // namespace nst::nn
