// A transform network as it is kept in a file: what it is made of, what its pixels mean, its styles' names,
// its parameters. One file is enough to run it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nn/image_network.h"
#include "nn/preprocessing.h"
#include "nn/style_mix.h"
#include "nn/weight_file.h"

namespace nst::nn {

// RGB 0..255, in the terms of Preprocessing.
inline constexpr Preprocessing kByteRangePreprocessing{.scale = 255};

struct TransformModel {
  ImageNetworkConfig config = {};
  Preprocessing pixels = kByteRangePreprocessing;  // of the input; the output's pixels are the same kind
  std::vector<std::string> styles = {};            // names, in the order of their numbers; empty for unnamed
  StateDict state = {};                            // as ImageNetwork names its parameters
  std::string origin = {};                         // whose format the file had: "pytorch/examples"
};

// Recognises, by names and whatever precedes them ("state_dict.", "module."):
//   our own files               by the metadata that transform_metadata() writes
//   pytorch/examples            conv1.conv2d.weight, deconv1.conv2d.weight; old running statistics are left
//   out gordicaleksa's              conv1.conv2d.weight, up1.conv2d.conv2d.weight; ImageNet-normalised pixels
//   rrmina's                    ConvBlock.0.conv_layer.weight; BGR pixels, biases before norms left out
//   lengstrom's                 Variable, Variable_1, ...: kernels HWIO, shifts, scales
// also as initialisers of an ONNX model. The number of channels and of residual blocks is the file's. Throws
// std::runtime_error when it is none of them, or its tensors do not make that network.
TransformModel read_transform(const WeightFile& file);
// The same for a folder of lengstrom's variables as deeplearn.js keeps them: manifest.json with their shapes,
// a file of little-endian float32 for each.
TransformModel read_transform(const std::filesystem::path& file_or_folder);
// The names of the styles of a file of ours, without reading its tensors; empty for any other.
std::vector<std::string> style_names(const WeightFile& file);
bool is_transform(const WeightFile& file);

// What write_safetensors() should be given beside model.state so that read_transform() finds the rest again.
// Throws std::invalid_argument when the network's layers cannot be written.
std::map<std::string, std::string> transform_metadata(const TransformModel& model);

// The network of one style that a mix of a network's styles amounts to. Throws std::invalid_argument when the
// mix names a style that is not there, or is empty and there are several.
TransformModel single_style(const TransformModel& model, const StyleMix& mix);

// The network with its parameters, which want no gradients.
std::unique_ptr<ImageNetwork> make_network(const TransformModel& model, DType dtype = DType::float32,
                                           Device device = kCpu);

}  // namespace nst::nn
