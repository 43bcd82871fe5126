// Transform networks as files, in whichever format a name asks for.
#pragma once

#include <filesystem>

#include "nn/transform_model.h"

namespace nst::nn {

struct ExportOptions {
  bool float16 = false;  // half the size, safetensors only
};

// By the extension of `path`:
//   .safetensors  everything: read_transform() gets back what was written
//   .pth          a state dict for PyTorch, under pytorch/examples' names where that is the network's
//                 architecture, else under ours, which read_transform() does not recognise
//   .onnx         a model for ONNX Runtime (nn/onnx_writer.h), of networks with one style
// Throws std::invalid_argument for another extension, and for what the format cannot hold.
void write_transform(const std::filesystem::path& path, const TransformModel& model,
                     const ExportOptions& options = {});

}  // namespace nst::nn
