// Writing what PyTorch's torch.load() reads, also with weights_only=True.
#pragma once

#include <filesystem>

#include "nn/state_dict.h"

namespace nst::nn {

// An OrderedDict of float32 tensors in the zip container of PyTorch 1.6 and later. The same tensors give the
// same bytes; a reader never sees half a file. Throws std::runtime_error when it cannot be written.
void write_torch(const std::filesystem::path& path, const StateDict& state);

}  // namespace nst::nn
