// What torch.save writes: state dicts and checkpoints that hold them, in the zip container of PyTorch 1.6 and
// later and in the older one, a stream of pickles followed by the storages.
#pragma once

#include "nn/weight_file.h"

namespace nst::nn {

bool is_torch(const FileBytes& file);

// Every tensor in it. Dictionaries and lists within the outermost dictionary are flattened with dots
// ("state_dict.conv1.weight"); values that are no tensors are left out. Throws std::runtime_error when the
// file is damaged, or names a Python object other than containers and tensors (see nn/pickle.h).
WeightFile open_torch(const FileBytes& file);

}  // namespace nst::nn
