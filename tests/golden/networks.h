// The loss networks that the golden files were made with.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "nn/vgg_weights.h"
#include "nst/loss_network.h"
#include "nst/weight_store.h"
#include "tests/golden/golden.h"

namespace nst::testing {

// Formula weights for every convolution of a VGG, He-uniform, under `prefix` + its name.
inline nn::StateDict formula_vgg_weights(const nn::VggConfig& config, DType dtype) {
  nn::Vgg shapes(config, dtype);
  nn::StateDict weights;
  for (const auto& [name, parameter] : shapes.named_parameters()) {
    const Shape& shape = parameter->shape();
    const double scale = shape.rank() == 4 ? std::sqrt(6.0 / static_cast<double>(9 * shape[1])) : 0.1;
    weights[name] = formula(name, shape, scale, dtype);
  }
  return weights;
}

// The real VGG16, when `nst weights get vgg16` has been run.
inline std::optional<nn::VggWeights> stored_vgg16() {
  const auto path = stored_weights(weight_entry("vgg16"));
  if (!std::filesystem::exists(path)) return std::nullopt;
  return nn::read_vgg(nn::open_weights(path));
}
#define SKIP_WITHOUT(weights) \
  if (!(weights)) GTEST_SKIP() << "VGG16's weights are not at hand; `nst weights get vgg16` fetches them"

}  // namespace nst::testing
