// The pictures in tests/data/images, which other programs wrote (scripts/golden/make_images.py), and those in
// tests/data/fuzz/image, with which a fuzzer once found something.
#include <gtest/gtest.h>

#include "nst/image.h"
#include "tests/nst/picture_files.h"
#include "tests/support.h"

namespace nst {
namespace {

const std::filesystem::path kData = std::filesystem::path(NST_SOURCE_DIR) / "tests" / "data";

Tensor load(const std::string& name) { return load_image(kData / "images" / name); }
std::vector<float> values(const std::string& name) { return load(name).to_vector<float>(); }

TEST(ImageFiles, formats_without_loss_agree) {
  const auto expected = values("rgb.png");
  for (const auto* name : {"rgb.bmp", "rgb.tga", "run_lengths.tga", "rgb.ppm", "rgb.psd", "packed.psd"}) {
    EXPECT_EQ(values(name), expected) << name;
  }
  EXPECT_EQ(values("palette.tga"), values("palette.bmp"));
  EXPECT_EQ(values("grey.pgm"), values("grey.png"));
}

TEST(ImageFiles, sixteen_bits_agree_and_are_finer_than_eight) {
  EXPECT_EQ(values("rgb16.ppm"), values("rgb16.png"));
  EXPECT_EQ(describe_image(kData / "images" / "rgb16.ppm").bits, 16);
  const auto fine = load("rgb16.png"), coarse = load("rgb.png");
  EXPECT_CLOSE(fine, coarse, 0.502 / 255);
  EXPECT_NE(fine.to_vector<float>(), coarse.to_vector<float>());
  EXPECT_CLOSE(load("grey16.pgm"), load("grey.pgm"), 0.502 / 255);
}

TEST(ImageFiles, every_kind_of_jpeg_is_near_the_original) {
  const auto original = load("rgb.png");
  for (const auto* name : {"baseline.jpg", "restarts.jpg", "progressive.jpg", "cmyk.jpg"}) {
    SCOPED_TRACE(name);
    EXPECT_CLOSE(load(name), original, 0.3);
  }
  EXPECT_CLOSE(load("grey.jpg"), load("grey.png"), 0.1);
}

TEST(ImageFiles, turns_upright_what_a_camera_held_sideways) {
  EXPECT_EQ(load("orientation_6_little_endian.jpg").shape(), (Shape{1, 12, 9, 3}));
  const auto upside_down = values("orientation_3_big_endian.jpg");
  EXPECT_EQ(std::vector<float>(upside_down.rbegin(), upside_down.rend()), values("grey.jpg"));
}

// Under the sanitizers the first of these stopped the program.
TEST(ImageFiles, what_a_fuzzer_found_is_read_or_refused) {
  int count = 0;
  for (const auto& file : std::filesystem::directory_iterator(kData / "fuzz" / "image")) {
    try {
      load_image(file.path());
    } catch (const std::runtime_error& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with(file.path().string() + ": ")) << error.what();
    }
    ++count;
  }
  EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace nst
