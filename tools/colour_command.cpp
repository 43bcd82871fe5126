// nst colour: one picture in the colours of another.
#include <memory>
#include <stdexcept>
#include <string>

#include "nst/colour.h"
#include "nst/image.h"
#include "nst/masks.h"
#include "tools/commands.h"
#include "tools/option_checks.h"
#include "tools/output_check.h"

namespace nst::tools {
namespace {

constexpr const char* kExamples = R"(Examples:
  nst colour result.png photo.jpg -o kept.png                              the photograph's colours in its stylised result
  nst colour result.png photo.jpg -o kept.png --mask person.png            only on the person
  nst colour style.jpg photo.jpg -o recoloured.png --method mk --space oklab)";

struct ColourCommand {
  std::string picture, colours, out, mask, colours_mask;
  std::string method{name_of(ColourMethod::luminance)}, space{name_of(ColourSpace::rgb)};

  void run() const;
};

PictureSize size_of(const Tensor& picture) { return {picture.size(1), picture.size(2)}; }

void ColourCommand::run() const {
  ColourOptions options{.method = parse_colour_method(method), .space = parse_colour_space(space)};
  if (options.method == ColourMethod::luminance && !colours_mask.empty()) {
    throw std::invalid_argument(
        "--colours-mask: --method luminance goes pixel by pixel and measures no colours");
  }
  check_output(
      out, {{"PICTURE", picture}, {"COLOURS", colours}, {"--mask", mask}, {"--colours-mask", colours_mask}});
  const Tensor from = load_image(picture);
  Tensor to = load_image(colours);
  if (options.method == ColourMethod::luminance) to = resize_image(to, from.size(1), from.size(2));
  if (!mask.empty()) options.mask = load_mask(mask, size_of(from));
  if (!colours_mask.empty()) options.colours_mask = load_mask(colours_mask, size_of(to));
  save_image(out, transfer_colour(from, to, options));
}

}  // namespace

void add_colour_command(CLI::App& app) {
  auto command = std::make_shared<ColourCommand>();
  CLI::App* sub = app.add_subcommand("colour", "Give a picture the colours of another")->alias("color");
  sub->footer(kExamples);
  sub->add_option("picture", command->picture, "The picture to change")->required();
  sub->add_option("colours", command->colours, "The picture whose colours to use")->required();
  sub->add_option("-o,--out", command->out, "Where to write the result, .png or .jpg")->required();
  sub->add_option("--method", command->method,
                  "luminance keeps the picture's light and shade and takes the rest from the same place of "
                  "the colours "
                  "(resized to fit); histogram, coral and mk fit all colours at once")
      ->capture_default_str()
      ->check(one_of(colour_method_names()));
  sub->add_option("--space", command->space, "Where colours are compared and moved")
      ->capture_default_str()
      ->check(one_of(colour_space_names()));
  sub->add_option("--mask", command->mask, "Change the picture only where this one is white");
  sub->add_option("--colours-mask", command->colours_mask,
                  "Take the colours only from where this one is white");
  sub->callback([command] { command->run(); });
}

}  // namespace nst::tools
