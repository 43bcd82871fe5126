// --preserve-color, --recolor-style and --color-space, for every command that repaints a
// photograph.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "tensor/tensor.h"

namespace nst::tools {

struct ColourSettings {
  std::string preserve =
      "none";  // "none", or a name of a ColourMethod: the result in the photograph's colours
  std::string recolour_style = "none";  // the same for the style pictures, before the run; no "luminance"
  std::string space = "rgb";            // of a ColourSpace
};

// Declares the options, bound to `settings`, on a sub-command.
void add_colour_options(CLI::App& command, ColourSettings& settings);

// `result` as the settings want it to be coloured. Both (1, H, W, 3), RGB in 0..1, on the CPU, and of one
// size. Only where `mask` (H, W) is 1, if there is one.
Tensor with_colours_kept(const Tensor& result, const Tensor& content, const ColourSettings& settings,
                         const Tensor& mask);
// A style picture as the settings want it; of any size.
Tensor with_style_recoloured(const Tensor& style, const Tensor& content, const ColourSettings& settings);

}  // namespace nst::tools
