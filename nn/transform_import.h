// Other programs' transform networks; nn/transform_model.h says which.
#pragma once

#include "nn/transform_model.h"

namespace nst::nn {

bool is_published_transform(const WeightFile& file);
// Throws std::runtime_error when the file is nobody's that is known, or lacks a tensor.
TransformModel import_transform(const WeightFile& file);

// The other way for networks of pytorch/examples' architecture: its names. Throws std::invalid_argument for
// others.
StateDict pytorch_examples_state(const TransformModel& model);
// Whether a network has that architecture, with whatever number of channels and residual blocks.
bool is_pytorch_examples(const ImageNetworkConfig& config);

}  // namespace nst::nn
