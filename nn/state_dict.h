// Named tensors: what weight files hold and what modules are loaded from.
#pragma once

#include <map>
#include <string>

#include "tensor/tensor.h"

namespace nst::nn {

// Keys are dotted paths as in the files, "conv1_1.weight" or "features.0.bias"; sorted, so that writing is
// deterministic.
using StateDict = std::map<std::string, Tensor>;

}  // namespace nst::nn
