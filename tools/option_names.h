// Option values that are words.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "nn/lbfgs.h"
#include "nn/vgg.h"
#include "tensor/names.h"

namespace nst::tools {

// "a, b, c"
inline std::string joined(std::span<const std::string_view> names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

inline constexpr std::array<std::string_view, 2> kPoolingNames{"max", "average"};
inline constexpr std::array<std::string_view, 3> kPaddingNames{"zero", "reflect", "replicate"};
inline constexpr std::array<std::string_view, 2> kLineSearchNames{"none", "strong_wolfe"};

inline nn::Pooling parse_pooling(std::string_view name) {
  return parse_name<nn::Pooling>("--pooling", kPoolingNames, name);
}
inline ops::PaddingMode parse_padding(std::string_view name) {
  return parse_name<ops::PaddingMode>("--first-padding", kPaddingNames, name);
}
inline nn::LineSearch parse_line_search(std::string_view name) {
  return parse_name<nn::LineSearch>("--line-search", kLineSearchNames, name);
}

}  // namespace nst::tools
