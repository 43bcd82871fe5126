// Option values that are words.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "nn/lbfgs.h"
#include "nn/vgg.h"
#include "tensor/device.h"
#include "tensor/names.h"
#include "tensor/ops/narrow.h"

namespace nst::tools {

// "a, b, c"
inline std::string joined(std::span<const std::string_view> names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

inline constexpr std::array<std::string_view, 2> kPoolingNames{"max", "average"};
inline constexpr std::array<std::string_view, 3> kPaddingNames{"zero", "reflect", "replicate"};
inline constexpr std::array<std::string_view, 2> kLineSearchNames{"none", "strong_wolfe"};
inline constexpr std::array<std::string_view, 3> kActivationNames{"float32", "bfloat16", "float16"};
inline constexpr std::array<std::string_view, 4> kMathModeNames{"fp32", "tf32", "bf16", "fp16"};
inline constexpr std::string_view kTitu1994 = "titu1994";
inline constexpr std::array<std::string_view, 1> kCompatNames{kTitu1994};
inline constexpr std::array<std::string_view, 2> kConvBackendNames{"own", "cudnn"};

inline nn::Pooling parse_pooling(std::string_view name) {
  return parse_name<nn::Pooling>("--pooling", kPoolingNames, name);
}
inline ops::PaddingMode parse_padding(std::string_view name) {
  return parse_name<ops::PaddingMode>("--first-padding", kPaddingNames, name);
}
inline nn::LineSearch parse_line_search(std::string_view name) {
  return parse_name<nn::LineSearch>("--line-search", kLineSearchNames, name);
}

// Nothing for float32, which is what activations are.
inline std::optional<ops::Narrow> parse_activations(std::string_view name) {
  if (name == kActivationNames[0]) return {};
  static constexpr std::span kNarrow = std::span(kActivationNames).subspan(1);
  return parse_name<ops::Narrow>("--activations", kNarrow, name);
}

inline MathMode parse_math_mode(std::string_view name) {
  return parse_name<MathMode>("--math", kMathModeNames, name);
}
inline ConvBackend parse_conv_backend(std::string_view name) {
  return parse_name<ConvBackend>("--conv-backend", kConvBackendNames, name);
}

// The name of a value, by its enumeration's table.
template <class Enum, size_t N>
std::string name_in(const std::array<std::string_view, N>& names, Enum value) {
  return std::string(names[static_cast<size_t>(value)]);
}

}  // namespace nst::tools
