// safetensors, the format this project writes: an 8-byte length, a JSON header of names, types, shapes and
// offsets, then the elements. https://github.com/huggingface/safetensors#format
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "nn/state_dict.h"
#include "nn/weight_file.h"

namespace nst::nn {

bool is_safetensors(const FileBytes& file);
// Throws std::runtime_error on a malformed header, an unknown type, elements that overlap or leave gaps.
WeightFile open_safetensors(const FileBytes& file);

struct SafetensorsOptions {
  std::map<std::string, std::string> metadata{};
  bool float16 = false;  // float32 tensors are stored as float16, half the size at 11 significant bits
};
// The same tensors and metadata give the same bytes. A reader never sees half a file: it is written beside
// `path` and renamed. Throws std::runtime_error when the disk refuses, std::invalid_argument on an undefined
// tensor and on values that float16 cannot hold.
void write_safetensors(const std::filesystem::path& path, const StateDict& state,
                       const SafetensorsOptions& options = {});

}  // namespace nst::nn
