// What a network starts from when it is trained.
#pragma once

#include <cstdint>

#include "nn/module.h"

namespace nst::nn {

// Every convolution's weight (K, C, R, S) uniform in +-sqrt(6 / (C R S)), so that activations keep their size
// through ReLUs (He et al. 2015); biases 0. A residual block's second convolution begins ten times smaller,
// so that the block begins as nearly nothing. Other parameters stay as they are. The same on every machine
// for a seed.
void initialise(Module& network, uint64_t seed);

}  // namespace nst::nn
