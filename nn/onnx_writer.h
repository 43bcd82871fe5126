// Transform networks as ONNX models, which ONNX Runtime and many others run.
#pragma once

#include <filesystem>

#include "nn/transform_model.h"

namespace nst::nn {

// Input "input" (N, 3, H, W) and output "output", RGB 0..255, any size; opset 17, float32. The network must
// have one style (see single_style()). Our own description is in the metadata, so that read_transform() reads
// it back. Throws std::invalid_argument for several styles or layers that cannot be written,
// std::runtime_error when the file cannot.
void write_onnx(const std::filesystem::path& path, const TransformModel& model);

}  // namespace nst::nn
