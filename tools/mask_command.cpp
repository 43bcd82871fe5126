// nst mask: a stylised picture laid over its original where a mask says so.
#include <spdlog/spdlog.h>

#include <cmath>
#include <memory>
#include <string>

#include "nst/image.h"
#include "nst/masks.h"
#include "tools/commands.h"
#include "tools/option_checks.h"
#include "tools/output_check.h"

namespace nst::tools {
namespace {

constexpr const char* kExamples = R"(Examples:
  nst mask photo.jpg stylised.png person.png -o result.png                the person stylised, the rest as it was
  nst mask photo.jpg stylised.png person.png -o result.png --invert --feather 16)";

// Sides of one picture at two sizes differ by rounding; by more than this, it is another picture.
constexpr double kAspectTolerance = 0.02;

constexpr double kWidestFeather = 4096;
constexpr double kDeviations = 4;  // a Gaussian's edge is about as many wide

struct MaskCommand {
  std::string content, stylised, mask, out;
  double feather = 0;
  bool invert = false;

  void run() const;
};

// When resizing the picture at `path` to the result's size changes its proportions.
void warn_of_distortion(const std::string& path, PictureSize size) {
  const ImageInfo info = describe_image(path);
  const double stretch =
      static_cast<double>(info.width * size.height) / static_cast<double>(info.height * size.width);
  if (std::abs(std::log(stretch)) <= kAspectTolerance) return;
  spdlog::warn("{}: {} x {} pixels, resized to {} x {}, which have other proportions", path, info.width,
               info.height, size.width, size.height);
}

void MaskCommand::run() const {
  check_output(out, {{"CONTENT", content}, {"STYLISED", stylised}, {"MASK", mask}});
  const Tensor inside = load_image(stylised);
  const PictureSize size{inside.size(1), inside.size(2)};
  for (const std::string& path : {content, mask}) warn_of_distortion(path, size);
  const Tensor outside = resize_image(load_image(content), size.height, size.width);
  const Tensor drawn = load_mask(mask, size);
  save_image(out, blend(outside, inside, feathered(invert ? inverted(drawn) : drawn, feather / kDeviations)));
}

}  // namespace

void add_mask_command(CLI::App& app) {
  auto command = std::make_shared<MaskCommand>();
  CLI::App* sub = app.add_subcommand("mask", "Put a stylised picture only where a mask says");
  sub->footer(kExamples);
  sub->add_option("content", command->content, "What is seen where the mask is black")->required();
  sub->add_option("stylised", command->stylised, "What is seen where it is white; the result has its size")
      ->required();
  sub->add_option("mask", command->mask, "Black and white, with any grey between")->required();
  sub->add_option("-o,--out", command->out, "Where to write the result, .png or .jpg")->required();
  sub->add_option("--feather", command->feather, "Width in pixels of the passage from one to the other")
      ->capture_default_str()
      ->check(number_in(0, kWidestFeather));
  sub->add_flag("--invert", command->invert, "Black and white change places");
  sub->callback([command] { command->run(); });
}

}  // namespace nst::tools
