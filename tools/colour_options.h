// --preserve-color, --recolor-style and --color-space, for every command that repaints a photograph.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "nst/colour.h"

namespace nst::tools {

struct ColourSettings {
  std::string preserve =
      "none";  // "none", or a name of a ColourMethod: the result in the photograph's colours
  std::string recolour_style = "none";  // the same for the style pictures, before the run; no "luminance"
  std::string space = "rgb";            // of a ColourSpace
};

// Declares --preserve-color and --color-space, bound to `settings`, on a sub-command.
void add_preserve_color_options(CLI::App& command, ColourSettings& settings, const std::string& group);
// All three, among the pictures.
void add_colour_options(CLI::App& command, ColourSettings& settings);

// What --preserve-color asks for, if anything.
std::optional<ColourOptions> preserved_colours(const ColourSettings& settings);

// `result` as the settings want it to be coloured. Both (1, H, W, 3), RGB in 0..1, on the CPU, and of one
// size. Only where `mask` (H, W) is 1, if there is one.
Tensor with_colours_kept(const Tensor& result, const Tensor& content, const ColourSettings& settings,
                         const Tensor& mask);
// A style picture as the settings want it; of any size.
Tensor with_style_recoloured(const Tensor& style, const Tensor& content, const ColourSettings& settings);

}  // namespace nst::tools
