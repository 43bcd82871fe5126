// What a network's weights expect of their input.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "nn/state_dict.h"

namespace nst::nn {

// input = (scale * x - mean) / std per channel, where x is in [0, 1] and its channels come first in the order
// asked for: mean and std are in that order too.
struct Preprocessing {
  bool bgr = false;  // channels are blue, green, red instead of red, green, blue
  double scale = 1;
  std::array<double, 3> mean{0, 0, 0};
  std::array<double, 3> std{1, 1, 1};
  bool operator==(const Preprocessing&) const = default;
};

// RGB in [0, 1].
inline constexpr Preprocessing kPlainPreprocessing{};
// BGR in [0, 255] minus the mean of ImageNet: the original Caffe weights, Gatys', Keras'.
inline constexpr Preprocessing kCaffePreprocessing{
    .bgr = true, .scale = 255, .mean = {103.939, 116.779, 123.68}};
// RGB with ImageNet's mean and standard deviation: torchvision's weights.
inline constexpr Preprocessing kTorchvisionPreprocessing{.mean = {0.485, 0.456, 0.406},
                                                         .std = {0.229, 0.224, 0.225}};

// The same as a 1x1 convolution of three channels, for pictures in 0..picture_range: "weight" (3, 3, 1, 1)
// and "bias" (3), float64.
//   y[k] = (scale x[order(k)] / picture_range - mean[k]) / std[k]
StateDict preprocessing_convolution(const Preprocessing& preprocessing, double picture_range);
// Of the one that undoes it: from what a network gives for pixels to a picture.
StateDict undo_preprocessing_convolution(const Preprocessing& preprocessing, double picture_range);

// {"order":"bgr","scale":255.0,"mean":[...],"std":[...]}, as it is kept in the metadata of weight files and
// in weights/manifest.json.
std::string to_json(const Preprocessing& preprocessing);
// Throws std::runtime_error on anything but that; a missing scale, mean or std is the default's.
Preprocessing preprocessing_from_json(std::string_view json);

}  // namespace nst::nn
