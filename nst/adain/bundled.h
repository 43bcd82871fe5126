// The AdaIN network that comes with the program: weights/adain.safetensors, linked into it.
#pragma once

#include "nn/weight_file.h"

namespace nst {

nn::WeightFile bundled_adain_weights();

}  // namespace nst
