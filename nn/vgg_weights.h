// VGG's weights under one set of names, whichever framework a file comes from.
#pragma once

#include <map>
#include <string>

#include "nn/preprocessing.h"
#include "nn/weight_file.h"

namespace nst::nn {

struct VggWeights {
  StateDict state;      // "conv1_1.weight" (K, C, 3, 3), "conv1_1.bias" (K), ... float32
  int depth;            // 16 or 19; 16 when the file ends before the two differ
  std::string deepest;  // the last convolution: "conv5_3", or before that in a truncated file
  Preprocessing preprocessing;
  // The normalised VGG-19 of the AdaIN family is used with reflected borders, and with pooling that keeps a
  // partial last window; every other VGG has zeros and drops it.
  bool reflect_padding = false;
  bool ceil_pooling = false;
};

// Recognises, by the names, whatever precedes them ("state_dict.", "module."):
//   features.0.weight                torchvision, or jcjohnson's Caffe conversions (told by `classifier`)
//   conv1_1.weight                   Gatys, and this project's own files
//   block1_conv1/kernel:0            Keras, and ONNX models made from it; kernels OIHW or HWIO
//   0.weight (3, 3, 1, 1), 2.weight  the normalised VGG-19; its first layer becomes preprocessing
// A `preprocessing` in the file's metadata wins over the convention of its names. Reads nothing but
// convolutions. Throws std::runtime_error when they are not a VGG's: none recognised, one missing, shapes
// that do not follow from one another, batch normalisation, a value that is not finite.
VggWeights read_vgg(const WeightFile& file);

// The metadata that write_safetensors should be given so that read_vgg finds all this again.
std::map<std::string, std::string> vgg_metadata(const VggWeights& weights);

}  // namespace nst::nn
