// The networks that the golden files were made with.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "nn/image_network.h"
#include "nn/published_keys.h"
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

// scripts/golden/networks.py says which formula a parameter has.
inline Tensor formula_parameter(const std::string& key, const Shape& shape, bool norm) {
  if (shape.rank() == 4) {
    return formula(key, shape, std::sqrt(6.0 / static_cast<double>(shape[1] * shape[2] * shape[3])),
                   DType::float32);
  }
  const Tensor values = formula(key, shape, norm ? 0.25 : 0.1, DType::float64);
  auto v = values.to_vector<double>();
  if (norm && key.ends_with("weight")) {
    for (double& x : v) x += 1;
  }
  return Tensor::from<double>(shape, v).to(DType::float32);  // as the file's were rounded
}

// Formula weights for an image network whose file's keys are `keys`, under our names.
inline nn::StateDict formula_weights(const std::string& name, nn::ImageNetwork& network,
                                     const nn::KeyMap& keys) {
  nn::StateDict theirs;
  for (const auto& [key, tensor] : nn::to_published(network.state_dict(), keys)) {
    const std::string path = key.substr(0, key.rfind('.'));
    const bool norm = path.starts_with("in") || path.find(".in") != std::string::npos;
    theirs[key] = formula_parameter(name + "/" + key, tensor.shape(), norm);
  }
  return nn::from_published(theirs, keys);
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
