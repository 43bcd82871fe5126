#include "nn/transform_export.h"

#include <fmt/format.h>

#include <stdexcept>

#include "nn/onnx_writer.h"
#include "nn/safetensors.h"
#include "nn/torch_writer.h"
#include "nn/transform_import.h"

namespace nst::nn {

void write_transform(const std::filesystem::path& path, const TransformModel& model,
                     const ExportOptions& options) {
  const std::string extension = path.extension().string();
  if (options.float16 && extension != ".safetensors") {
    throw std::invalid_argument(fmt::format("{}: float16 is for .safetensors", path.string()));
  }
  if (extension == ".safetensors") {
    write_safetensors(path, model.state, {.metadata = transform_metadata(model), .float16 = options.float16});
  } else if (extension == ".pth") {
    write_torch(path, is_pytorch_examples(model.config) ? pytorch_examples_state(model) : model.state);
  } else if (extension == ".onnx") {
    write_onnx(path, model);
  } else {
    throw std::invalid_argument(
        fmt::format("{}: the name must end in .safetensors, .pth or .onnx", path.string()));
  }
}

}  // namespace nst::nn
