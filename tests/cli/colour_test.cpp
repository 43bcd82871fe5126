// `nst colour` and `nst mask` from the command line.
#include <cmath>

#include "nst/colour.h"
#include "nst/colour_statistics.h"
#include "nst/image.h"
#include "nst/masks.h"
#include "tests/cli/run_nst.h"
#include "tests/nst/picture_files.h"

namespace nst {
namespace {

constexpr int kFailure = 1, kUsage = 2;
constexpr double kEightBits = 0.51 / 255;

double largest_difference(const Tensor& a, const Tensor& b) {
  const auto x = a.to_vector<double>(), y = b.to_vector<double>();
  if (x.size() != y.size()) return NAN;
  double largest = 0;
  for (size_t i = 0; i < x.size(); ++i) largest = std::max(largest, std::abs(x[i] - y[i]));
  return largest;
}

double mean_difference(const Tensor& a, const Tensor& b) {
  const auto x = a.to_vector<double>(), y = b.to_vector<double>();
  if (x.size() != y.size()) return NAN;
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += std::abs(x[i] - y[i]);
  return sum / static_cast<double>(x.size());
}

class ColourCommand : public testing::CommandTest {
 protected:
  ColourCommand() {
    // Black on the left, white on the right.
    Tensor mask = Tensor::zeros({1, 30, 40, 3});
    for (int64_t i = 0; i < mask.numel(); ++i) mask.mutable_data<float>()[i] = i / 3 % 40 < 20 ? 0 : 1;
    save_image(folder / "mask.png", mask);
    testing::write_picture(folder / "other.png", 60, 80);
    // The same shapes as the photograph's in other colours.
    Tensor style = testing::smooth_picture(32, 24);
    float* rgb = style.mutable_data<float>();
    for (int64_t i = 0; i < style.numel(); i += 3) {
      const float r = rgb[i], g = rgb[i + 1], b = rgb[i + 2];
      rgb[i] = 0.3f + 0.5f * b, rgb[i + 1] = 0.1f + 0.4f * r, rgb[i + 2] = 0.2f * g + 0.1f * r;
    }
    save_image(folder / "style.png", style);
    remember_files();
  }
  Tensor load(const std::string& file) const { return load_image(folder / file); }
};
using MaskCommand = ColourCommand;

TEST_F(ColourCommand, luminance_resizes_the_colours) {
  expect_wrote(run({"colour", "photo.png", "other.png", "-o", "out.png"}), {"out.png"});
  const Tensor expected = transfer_colour(load("photo.png"), resize_image(load("other.png"), 30, 40));
  EXPECT_LE(largest_difference(load("out.png"), expected), kEightBits);
}

TEST_F(ColourCommand, every_method_and_space_is_the_library_s) {
  for (const std::string method : {"histogram", "coral", "mk"}) {
    for (const std::string space : {"rgb", "linear", "oklab"}) {
      const auto finished =
          run({"color", "photo.png", "style.png", "--out", "out.png", "--method", method, "--space", space});
      expect_wrote(finished, {"out.png"});
      EXPECT_EQ(finished.out + finished.err, "");
      const Tensor expected =
          transfer_colour(load("photo.png"), load("style.png"),
                          {.method = parse_colour_method(method), .space = parse_colour_space(space)});
      EXPECT_LE(largest_difference(load("out.png"), expected), kEightBits) << method << " in " << space;
      EXPECT_GT(largest_difference(load("out.png"), load("photo.png")), 0.02);
    }
  }
}

TEST_F(ColourCommand, masks_are_resized_to_their_pictures) {
  expect_wrote(run({"colour", "photo.png", "style.png", "-o", "out.png", "--method", "mk", "--mask",
                    "mask.png", "--colours-mask", "mask.png"}),
               {"out.png"});
  const Tensor photo = load("photo.png"), style = load("style.png");
  const Tensor expected = transfer_colour(photo, style,
                                          {.method = ColourMethod::mk,
                                           .mask = load_mask(folder / "mask.png", {30, 40}),
                                           .colours_mask = load_mask(folder / "mask.png", {32, 24})});
  EXPECT_LE(largest_difference(load("out.png"), expected), kEightBits);
}

TEST_F(ColourCommand, refuses) {
  const auto refuses = [&](const std::vector<std::string>& more, int code,
                           const std::vector<std::string>& parts) {
    std::vector<std::string> arguments{"colour", "photo.png", "style.png"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    expect_refused(run(arguments), code, parts);
  };
  refuses({}, kUsage, {"--out is required"});
  refuses({"-o", "out.gif"}, kUsage, {"out.gif"});
  refuses({"-o", "photo.png"}, kUsage, {"would overwrite", "PICTURE"});
  refuses({"-o", "nowhere/out.png"}, kFailure, {"nowhere/out.png"});
  refuses({"-o", "out.png", "--method", "yuv"}, kUsage,
          {"--method", "one of luminance, histogram, coral, mk"});
  refuses({"-o", "out.png", "--space", "lab"}, kUsage, {"--space", "one of rgb, linear, oklab"});
  refuses({"-o", "out.png", "--mask", "none.png"}, kFailure, {"none.png", "no such file"});
  refuses({"-o", "out.png", "--colours-mask", "mask.png"}, kUsage, {"--colours-mask", "luminance"});
  expect_refused(run({"colour", "photo.png", "-o", "out.png"}), kUsage, {"colours is required"});
  save_image(folder / "black.png", Tensor::zeros({1, 4, 4, 3}));
  remember_files();
  refuses({"-o", "out.png", "--method", "mk", "--colours-mask", "black.png"}, kUsage,
          {"colours_mask is 0 everywhere"});
}

// What `nst basic` does to its result is what `nst colour` would do to it.
TEST_F(ColourCommand, basic_keeps_colours) {
  // Started from the style, the result has its colours.
  expect_wrote(basic({"--init", "style"}), {"out.png"});
  const Tensor plain = load("out.png"), photo = resize_image(load("photo.png"), plain.size(1), plain.size(2));
  const auto keeps = [&](std::vector<std::string> options, const ColourOptions& expected) {
    options.insert(options.end(), {"--init", "style"});
    expect_wrote(basic(options), {"out.png"});
    // On average: what a map stretches most, it stretches the 8 bits' rounding by, too.
    EXPECT_LE(mean_difference(load("out.png"), transfer_colour(plain, photo, expected)), 3 * kEightBits)
        << options[0];
    EXPECT_GT(largest_difference(load("out.png"), plain), 0.02) << options[0];
  };
  keeps({"--preserve-color"}, {});
  keeps({"--preserve-colour=mk", "--color-space", "oklab"},
        {.method = ColourMethod::mk, .space = ColourSpace::oklab});
  const Tensor mask = load_mask(folder / "mask.png", {30, 40});
  keeps({"--preserve-color=coral", "--color-mask", "mask.png", "--feather", "0"},
        {.method = ColourMethod::coral, .mask = mask, .colours_mask = mask});
  expect_wrote(basic({"--preserve-color=none", "--init", "style"}), {"out.png"});
  EXPECT_EQ(largest_difference(load("out.png"), plain), 0);
}

TEST_F(ColourCommand, basic_recolours_the_style_beforehand) {
  expect_wrote(run({"colour", "style.png", "photo.png", "-o", "recoloured.png", "--method", "coral"}),
               {"recoloured.png"});
  remember_files();
  const std::vector<std::string> sizes{"--style-size", "32", "--init", "style"};  // as the file has it
  const auto made_with = [&](std::vector<std::string> options) {
    options.insert(options.end(), sizes.begin(), sizes.end());
    expect_wrote(basic(options), {"out.png"});
    return load("out.png");
  };
  const Tensor recoloured = made_with({"--recolor-style"}),
               expected = made_with({"--style", "recoloured.png"}), plain = made_with({});
  EXPECT_LE(largest_difference(recoloured, expected), 0.02);
  EXPECT_GT(largest_difference(recoloured, plain), 0.05);
}

TEST_F(ColourCommand, basic_refuses_colour_options_that_mean_nothing) {
  expect_refused(basic({"--preserve-color=yuv"}), kUsage,
                 {"--preserve-color", "'yuv' is not one of none, luminance"});
  expect_refused(basic({"--recolor-style=luminance"}), kUsage,
                 {"--recolor-style", "none, histogram, coral, mk"});
  expect_refused(basic({"--color-space", "lab"}), kUsage, {"--color-space"});
  expect_refused(basic({"--preserve-color", "--color-mask", "none.png"}), kFailure,
                 {"none.png", "no such file"});
  expect_refused(basic({"--preserve-color", "--color-mask", "mask.png", "--out", "mask.png"}), kUsage,
                 {"would overwrite", "--color-mask"});
}

TEST_F(MaskCommand, puts_the_stylised_picture_where_the_mask_is_white) {
  save_image(folder / "stylised.png", Tensor::full({1, 60, 80, 3}, 0.5));
  remember_files();
  const auto expect_halves = [&](const std::vector<std::string>& more, bool stylised_on_the_left) {
    std::vector<std::string> arguments{"mask", "photo.png", "stylised.png", "mask.png", "-o", "out.png"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto finished = run(arguments);
    expect_wrote(finished, {"out.png"});
    EXPECT_EQ(finished.err, "");
    const Tensor out = load("out.png"), photo = resize_image(load("photo.png"), 60, 80);
    ASSERT_EQ(out.shape(), Shape({1, 60, 80, 3}));
    for (int64_t i = 0; i < out.numel(); ++i) {
      const int64_t x = i / 3 % 80;
      if (std::abs(x - 40) < 12) continue;  // the passage
      const bool stylised = (x < 40) == stylised_on_the_left;
      ASSERT_NEAR(out.data<float>()[i], stylised ? 0.5f : photo.data<float>()[i], kEightBits)
          << "column " << x;
    }
  };
  expect_halves({}, false);
  expect_halves({"--invert"}, true);
  expect_halves({"--feather", "12"}, false);
}

TEST_F(MaskCommand, feather_is_a_passage) {
  save_image(folder / "black.png", Tensor::zeros({1, 30, 40, 3}));
  save_image(folder / "white.png", Tensor::full({1, 30, 40, 3}, 1));
  remember_files();
  expect_wrote(run({"mask", "black.png", "white.png", "mask.png", "-o", "out.png", "--feather", "8"}),
               {"out.png"});
  const Tensor out = load("out.png");
  int between = 0;
  for (int64_t x = 0; x < 40; ++x) {
    const float v = out.data<float>()[3 * x];
    if (v > 0.02f && v < 0.98f) ++between;
  }
  EXPECT_EQ(between, 8);
}

TEST_F(MaskCommand, warns_of_other_proportions) {
  const auto finished = run({"mask", "style.png", "photo.png", "mask.png", "-o", "out.png"});
  expect_wrote(finished, {"out.png"});
  EXPECT_NE(finished.err.find("nst: warning: style.png: 24 x 32 pixels, resized to 40 x 30"),
            std::string::npos)
      << finished.err;
}

TEST_F(MaskCommand, refuses) {
  const auto refuses = [&](const std::vector<std::string>& more, int code,
                           const std::vector<std::string>& parts) {
    std::vector<std::string> arguments{"mask", "photo.png", "style.png", "mask.png"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    expect_refused(run(arguments), code, parts);
  };
  refuses({}, kUsage, {"--out is required"});
  refuses({"-o", "mask.png"}, kUsage, {"would overwrite", "MASK"});
  refuses({"-o", "out.png", "--feather", "-1"}, kUsage, {"--feather"});
  refuses({"-o", "out.png", "--feather", "nan"}, kUsage, {"--feather"});
  expect_refused(run({"mask", "photo.png", "style.png", "none.png", "-o", "out.png"}), kFailure,
                 {"none.png", "no such file"});
}

}  // namespace
}  // namespace nst
