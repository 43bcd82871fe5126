#include "nst/adain/style_file.h"

#include <fmt/format.h>

#include <cmath>

#include "nn/safetensors.h"

namespace nst {
namespace {
constexpr const char* kEncoderKey = "adain_style_of_encoder";
}

void save_style(const std::filesystem::path& path, const EncodedStyle& style, const std::string& encoder,
                const std::string& name) {
  nn::write_safetensors(path, {{"mean", style.mean.to(kCpu)}, {"std", style.std.to(kCpu)}},
                        {.metadata = {{kEncoderKey, encoder}, {"name", name}}});
}

bool is_style_file(const std::filesystem::path& path) {
  const nn::FileBytes bytes = nn::FileBytes::map(path);
  return nn::is_safetensors(bytes) && nn::open_safetensors(bytes).metadata().contains(kEncoderKey);
}

EncodedStyle load_style(const std::filesystem::path& path, const std::string& encoder) {
  const nn::WeightFile file = nn::open_weights(path);
  const auto of = file.metadata().find(kEncoderKey);
  if (of == file.metadata().end()) file.fail("not an encoded style");
  if (of->second != encoder) {
    file.fail("this style was encoded for another network; encode the picture anew");
  }
  EncodedStyle style{file.read("mean"), file.read("std")};
  if (style.mean.rank() != 2 || style.mean.shape() != style.std.shape()) file.fail("damaged");
  for (const Tensor& tensor : {style.mean, style.std}) {
    for (const float v : tensor.to_vector<float>()) {
      if (!std::isfinite(v)) file.fail("damaged: a value is not finite");
    }
  }
  return style;
}

}  // namespace nst
