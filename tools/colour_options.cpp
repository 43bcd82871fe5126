#include "tools/colour_options.h"

#include <string_view>
#include <vector>

#include "tools/option_checks.h"

namespace nst::tools {
namespace {

constexpr std::string_view kNone = "none";

ColourOptions colour_options(const std::string& method, const ColourSettings& settings) {
  return {.method = parse_colour_method(method), .space = parse_colour_space(settings.space)};
}

// "none", and the methods from `first` on.
std::vector<std::string_view> methods_from(ColourMethod first) {
  std::vector<std::string_view> names{kNone};
  const auto methods = colour_method_names().subspan(static_cast<size_t>(first));
  names.insert(names.end(), methods.begin(), methods.end());
  return names;
}

}  // namespace

void add_preserve_color_options(CLI::App& command, ColourSettings& settings, const std::string& group) {
  command
      .add_flag("--preserve-color{luminance},--preserve-colour{luminance}", settings.preserve,
                "Keep the photograph's colours: only its luminance is repainted; or, with =histogram, =coral "
                "or =mk, the result's colours as a whole become the photograph's")
      ->check(one_of(methods_from(ColourMethod::luminance)))
      ->group(group);
  command
      .add_option("--color-space,--colour-space", settings.space, "In which colours are compared and moved")
      ->capture_default_str()
      ->check(one_of(colour_space_names()))
      ->group(group);
}

void add_colour_options(CLI::App& command, ColourSettings& settings) {
  add_preserve_color_options(command, settings, "Pictures");
  command
      .add_flag("--recolor-style{coral},--recolour-style{coral}", settings.recolour_style,
                "Give the style pictures the photograph's colours before the run; =histogram, =coral or =mk")
      ->check(one_of(methods_from(ColourMethod::histogram)))
      ->group("Pictures");
}

std::optional<ColourOptions> preserved_colours(const ColourSettings& settings) {
  if (settings.preserve == kNone) return std::nullopt;
  return colour_options(settings.preserve, settings);
}

Tensor with_colours_kept(const Tensor& result, const Tensor& content, const ColourSettings& settings,
                         const Tensor& mask) {
  auto options = preserved_colours(settings);
  if (!options) return result;
  // What lies there keeps its own colours, not the whole photograph's.
  if (options->method != ColourMethod::luminance) options->colours_mask = mask;
  options->mask = mask;
  return transfer_colour(result, content, *options);
}

Tensor with_style_recoloured(const Tensor& style, const Tensor& content, const ColourSettings& settings) {
  if (settings.recolour_style == kNone) return style;
  return transfer_colour(style, content, colour_options(settings.recolour_style, settings));
}

}  // namespace nst::tools
