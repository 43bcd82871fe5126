// Small stand-ins for the real loss networks: right architecture, random weights, seeded.
#pragma once

#include <cmath>

#include "nn/vgg.h"
#include "nst/loss_network.h"
#include "tests/support.h"

namespace nst::testing {

// Weights for a VGG of this depth up to `deepest`, scaled so that activations keep their size.
inline nn::StateDict random_vgg_weights(int depth, const std::string& deepest, DType dtype = DType::float32) {
  nn::Vgg shapes({.depth = depth, .deepest = deepest}, dtype);
  nn::StateDict weights;
  uint64_t seed = 1;
  for (const auto& [name, parameter] : shapes.named_parameters()) {
    const Shape& shape = parameter->shape();
    const double bound =
        shape.rank() == 4 ? std::sqrt(6.0 / static_cast<double>(shape.numel() / shape[0])) : 0.1;
    weights[name] = random_tensor(shape, dtype, seed++, -bound, bound);
  }
  return weights;
}

// Pictures (1, H, W, 3) in 0..255.
inline Tensor random_picture(int64_t height, int64_t width, uint64_t seed, DType dtype = DType::float32) {
  return random_tensor({1, height, width, 3}, dtype, seed, 0, 255);
}

}  // namespace nst::testing
