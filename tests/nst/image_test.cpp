#include "nst/image.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "nst/exif.h"
#include "tensor/file.h"
#include "tests/nst/picture_files.h"
#include "tests/support.h"

namespace nst {
namespace {

using testing::bytes_of;
using testing::FileBytes;
using testing::PngColour;

Tensor decoded(const FileBytes& file) { return decode_image(bytes_of(file), "test"); }

// Random whole numbers of 0 ... 255 over 255, (1, height, width, channels).
Tensor random_bytes(int64_t height, int64_t width, uint64_t seed, int64_t channels = 3) {
  Tensor image = testing::random_tensor({1, height, width, channels}, DType::float32, seed, 0, 256);
  float* v = image.mutable_data<float>();
  for (int64_t i = 0; i < image.numel(); ++i) v[i] = std::floor(v[i]) / 255.0f;
  return image;
}

std::vector<uint8_t> as_bytes(const Tensor& image) {
  std::vector<uint8_t> bytes;
  for (float v : image.to_vector<float>()) bytes.push_back(static_cast<uint8_t>(std::lround(v * 255)));
  return bytes;
}

double mean_difference(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.shape(), b.shape());
  const auto x = a.to_vector<double>(), y = b.to_vector<double>();
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += std::abs(x[i] - y[i]);
  return sum / static_cast<double>(x.size());
}

struct Size {
  int64_t height, width;
};

class ImageSizes : public ::testing::TestWithParam<Size> {};

TEST_P(ImageSizes, every_format_without_loss_gives_back_the_same_numbers) {
  const auto [h, w] = GetParam();
  const Tensor image = random_bytes(h, w, 7);
  const auto rgb = as_bytes(image);
  const int width = static_cast<int>(w), height = static_cast<int>(h);
  EXPECT_EQ(decoded(testing::encode(image, ".png")).to_vector<float>(), image.to_vector<float>());
  EXPECT_EQ(decoded(testing::make_png(width, height, 8, PngColour::rgb, {rgb.begin(), rgb.end()}))
                .to_vector<float>(),
            image.to_vector<float>());
  EXPECT_EQ(decoded(testing::make_bmp(width, height, rgb)).to_vector<float>(), image.to_vector<float>());
  EXPECT_EQ(decoded(testing::make_tga(width, height, rgb)).to_vector<float>(), image.to_vector<float>());
  EXPECT_EQ(decoded(testing::make_ppm(width, height, rgb)).to_vector<float>(), image.to_vector<float>());
}

TEST_P(ImageSizes, a_jpeg_is_close) {
  const auto [h, w] = GetParam();
  const Tensor image = testing::smooth_picture(h, w);
  const Tensor back = decoded(testing::encode(image, ".jpg"));
  EXPECT_TRUE(mean_difference(back, image) < 0.006) << mean_difference(back, image);
}

INSTANTIATE_TEST_SUITE_P(Sizes, ImageSizes,
                         ::testing::Values(Size{1, 1}, Size{65, 17}, Size{17, 65}, Size{1, 33},
                                           Size{64, 128}));

TEST(LoadImage, keeps_sixteen_bits) {
  const std::vector<uint16_t> samples{0, 1, 257, 65535, 32768, 40000};
  const FileBytes file = testing::make_png(2, 1, 16, PngColour::rgb, samples);
  const auto values = decoded(file).to_vector<double>();
  for (size_t i = 0; i < samples.size(); ++i) EXPECT_NEAR(values[i], samples[i] / 65535.0, 1e-7);
}

TEST(LoadImage, expands_grey) {
  const auto values = decoded(testing::make_png(2, 1, 8, PngColour::grey, {51, 204})).to_vector<float>();
  EXPECT_EQ(values, (std::vector<float>{0.2f, 0.2f, 0.2f, 0.8f, 0.8f, 0.8f}));
  const auto deep = decoded(testing::make_png(1, 1, 16, PngColour::grey, {13107})).to_vector<float>();
  EXPECT_EQ(deep, (std::vector<float>{0.2f, 0.2f, 0.2f}));
}

TEST(LoadImage, lays_transparency_over_white) {
  // Opaque, transparent, and 3/5 of a grey of 1/5: 3/5 * 1/5 + 2/5 = 13/25.
  const auto grey = decoded(testing::make_png(3, 1, 8, PngColour::grey_alpha, {51, 255, 51, 0, 51, 153}));
  EXPECT_CLOSE(grey.to_vector<double>(), (std::vector<double>{.2, .2, .2, 1, 1, 1, .52, .52, .52}), 1e-6);
  const auto rgba =
      decoded(testing::make_png(2, 1, 16, PngColour::rgba, {0, 13107, 65535, 39321, 9, 8, 7, 0}));
  EXPECT_CLOSE(rgba.to_vector<double>(), (std::vector<double>{.4, .52, 1, 1, 1, 1}), 1e-6);
}

TEST(LoadImage, takes_the_first_frame_of_a_gif) {
  // 2 x 1 pixels, a palette of red and blue; LZW codes of 3 bits: clear 4, 0, 1, end 5.
  const FileBytes gif = FileBytes("GIF89a\2\0\1\0\x80\0\0", 13) + FileBytes("\xff\0\0\0\0\xff", 6) +
                        FileBytes("\x2c\0\0\0\0\2\0\1\0\0\2\2\x44\x0a\0\x3b", 16);
  EXPECT_EQ(decoded(gif).to_vector<float>(), (std::vector<float>{1, 0, 0, 0, 0, 1}));
}

// Where the stored pixel (r, c) belongs in the upright picture (H, W): EXIF names the side of the picture
// that the stored row 0 and column 0 are.
std::pair<int64_t, int64_t> upright(int orientation, int64_t r, int64_t c, int64_t h, int64_t w) {
  switch (orientation) {
    case 1:
      return {r, c};  // row 0 is the top, column 0 the left side
    case 2:
      return {r, w - 1 - c};  // top, right
    case 3:
      return {h - 1 - r, w - 1 - c};  // bottom, right
    case 4:
      return {h - 1 - r, c};  // bottom, left
    case 5:
      return {c, r};  // left, top
    case 6:
      return {c, w - 1 - r};  // right, top
    case 7:
      return {h - 1 - c, w - 1 - r};  // right, bottom
    default:
      return {h - 1 - c, r};  // left, bottom
  }
}

TEST(LoadImage, turns_upright_as_the_camera_noted) {
  constexpr int64_t h = 40, w = 56;
  const Tensor expected = testing::smooth_picture(h, w);
  const float* in = expected.data<float>();
  const testing::TemporaryFolder folder;
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const int64_t stored_h = orientation >= 5 ? w : h, stored_w = orientation >= 5 ? h : w;
    Tensor stored = Tensor::empty({1, stored_h, stored_w, 3});
    float* out = stored.mutable_data<float>();
    for (int64_t r = 0; r < stored_h; ++r) {
      for (int64_t c = 0; c < stored_w; ++c) {
        const auto [y, x] = upright(orientation, r, c, h, w);
        std::copy_n(in + (y * w + x) * 3, 3, out + (r * stored_w + c) * 3);
      }
    }
    const FileBytes plain = testing::encode(stored, ".jpg");
    for (bool big_endian : {false, true}) {
      const FileBytes file = testing::with_orientation(plain, orientation, big_endian);
      EXPECT_EQ(exif_orientation(bytes_of(file)), orientation);
      EXPECT_TRUE(mean_difference(decoded(file), expected) < 0.006) << orientation;
      write_file_atomically(folder / "a.jpg", file);
      const ImageInfo info = describe_image(folder / "a.jpg");
      EXPECT_EQ(info.orientation, orientation);
      EXPECT_EQ(info.width, w);
      EXPECT_EQ(info.height, h);
    }
  }
}

TEST(LoadImage, takes_no_or_nonsensical_orientation_for_upright) {
  const FileBytes plain = testing::encode(testing::smooth_picture(8, 16), ".jpg");
  for (int orientation : {0, 9, 255, 65535}) {
    EXPECT_EQ(exif_orientation(bytes_of(testing::with_orientation(plain, orientation, false))), 1);
  }
  EXPECT_EQ(exif_orientation(bytes_of(plain)), 1);
  EXPECT_EQ(exif_orientation({}), 1);
  // Cut anywhere, the segment must not be read beyond its end.
  const FileBytes file = testing::with_orientation(plain, 6, true);
  for (size_t size = 0; size < 60; ++size) exif_orientation(bytes_of(file.substr(0, size)));
}

TEST(DescribeImage, says_what_the_file_holds) {
  const testing::TemporaryFolder folder;
  const auto described = [&](const FileBytes& file) {
    write_file_atomically(folder / "a", file);
    const ImageInfo i = describe_image(folder / "a");
    return fmt::format("{} {}x{} {} {} {}", i.format, i.width, i.height, i.channels, i.bits, i.orientation);
  };
  const std::vector<uint8_t> rgb(18);
  EXPECT_EQ(described(testing::make_png(3, 2, 8, PngColour::rgb, std::vector<uint16_t>(18))),
            "PNG 3x2 3 8 1");
  EXPECT_EQ(described(testing::make_png(3, 2, 16, PngColour::rgba, std::vector<uint16_t>(24))),
            "PNG 3x2 4 16 1");
  EXPECT_EQ(described(testing::make_png(3, 2, 8, PngColour::grey_alpha, std::vector<uint16_t>(12))),
            "PNG 3x2 2 8 1");
  EXPECT_EQ(described(testing::make_bmp(3, 2, rgb)), "BMP 3x2 3 8 1");
  EXPECT_EQ(described(testing::make_tga(3, 2, rgb)), "TGA 3x2 3 8 1");
  EXPECT_EQ(described(testing::make_ppm(3, 2, rgb)), "PNM 3x2 3 8 1");
  EXPECT_EQ(described(testing::encode(Tensor::zeros({1, 2, 3, 1}), ".png")), "PNG 3x2 1 8 1");
}

TEST(SaveImage, rounds_to_nearest_even_and_clamps) {
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> values{-1,      0, 0.5f / 255, 1.5f / 255, 2.5f / 255, 1.49f / 255,
                                  0.9999f, 1, 7,          -inf,       inf,        1};
  const FileBytes file = testing::encode(Tensor::from<float>({1, 2, 2, 3}, values), ".png");
  EXPECT_EQ(as_bytes(decoded(file)), (std::vector<uint8_t>{0, 0, 0, 2, 2, 1, 255, 255, 255, 0, 255, 255}));
}

TEST(SaveImage, takes_grey_and_doubles) {
  const Tensor grey = random_bytes(5, 7, 3, 1);
  const FileBytes file = testing::encode(grey.to(DType::float64), ".png");
  const auto values = decoded(file).to_vector<float>();
  const auto expected = grey.to_vector<float>();
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], expected[i / 3]);
}

TEST(SaveImage, quality_buys_fidelity) {
  const Tensor image = random_bytes(64, 64, 9);
  const FileBytes low = testing::encode(image, ".jpeg", 20), high = testing::encode(image, ".JPG", 98);
  EXPECT_LT(low.size() * 2, high.size());
  EXPECT_LT(mean_difference(decoded(high), image) * 3, mean_difference(decoded(low), image));
}

TEST(SaveImage, refuses_what_it_cannot_write_and_leaves_nothing) {
  const testing::TemporaryFolder folder;
  const Tensor image = Tensor::zeros({1, 4, 4, 3});
  for (const char* name : {"a", "a.gif", "a.png.txt", ".png"}) {
    EXPECT_INVALID(save_image(folder / name, image), "must end in .png, .jpg or .jpeg");
    EXPECT_INVALID(check_can_save_image(folder / name), "must end in .png, .jpg or .jpeg");
  }
  EXPECT_INVALID(save_image(folder / "a.jpg", image, {.jpeg_quality = 0}),
                 "jpeg_quality must be 1 to 100, got 0");
  EXPECT_INVALID(save_image(folder / "a.png", Tensor{}), "(1, H, W, 3 or 1), got undefined");
  EXPECT_INVALID(save_image(folder / "a.png", Tensor::zeros({2, 4, 4, 3})), "got float32 (2, 4, 4, 3)");
  EXPECT_INVALID(save_image(folder / "a.png", Tensor::zeros({1, 4, 4, 4})), "got float32 (1, 4, 4, 4)");
  EXPECT_INVALID(save_image(folder / "a.png", Tensor::zeros({1, 0, 4, 3})), "got float32 (1, 0, 4, 3)");
  EXPECT_INVALID(save_image(folder / "a.jpg", Tensor::zeros({1, 1, 65536, 3})),
                 "too large for the format: 65536 x 1");
  const Tensor nan = Tensor::from<float>({1, 1, 1, 3}, std::vector<float>{0, NAN, NAN});
  EXPECT_INVALID(save_image(folder / "a.png", nan), "2 values of the image are NaN");
  EXPECT_FAILURE(save_image(folder / "no" / "a.png", image),
                 "a.png: cannot write: the folder does not exist");
  EXPECT_FAILURE(check_can_save_image(folder / "no" / "a.png"), "cannot write: the folder does not exist");
  EXPECT_TRUE(folder.names().empty());
  check_can_save_image(folder / "a.png");
  EXPECT_TRUE(folder.names().empty());
}

TEST(ResizeImage, keeps_the_aspect_ratio) {
  const Tensor image = testing::smooth_picture(60, 90);
  EXPECT_EQ(resize_image(image, 45, Side::longest).shape(), (Shape{1, 30, 45, 3}));
  EXPECT_EQ(resize_image(image, 45, Side::shortest).shape(), (Shape{1, 45, 68, 3}));  // 67.5
  EXPECT_EQ(resize_image(image, 1, Side::longest).shape(), (Shape{1, 1, 1, 3}));
  EXPECT_EQ(resize_image(Tensor::zeros({1, 1, 1000, 3}), 10, Side::longest).shape(), (Shape{1, 1, 10, 3}));
  EXPECT_TRUE(resize_image(image, 90, Side::longest).shares_storage(image));
  EXPECT_INVALID(resize_image(image, 0, Side::longest), "size must be positive, got 0");
  EXPECT_INVALID(resize_image(Tensor::zeros({4, 4}), 2, Side::longest), "image must have 4 axes");
}

TEST(ResizeImage, shrinking_averages_and_growing_interpolates) {
  // Stripes of one pixel must become flat grey, not stripes of another width.
  std::vector<float> stripes;
  for (int i = 0; i < 64 * 64; ++i) stripes.insert(stripes.end(), 3, static_cast<float>(i % 2));
  const auto small = resize_image(Tensor::from<float>({1, 64, 64, 3}, stripes), 8, 8).to_vector<float>();
  for (float v : small) EXPECT_NEAR(v, 0.5, 0.02);
  const Tensor picture = testing::smooth_picture(40, 64);
  EXPECT_TRUE(mean_difference(resize_image(resize_image(picture, 80, 128), 40, 64), picture) < 0.002);
}

TEST(LoadImage, reads_the_pictures_of_the_papers) {
  SKIP_WITHOUT_SHARED();
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(testing::shared_path("data/images"))) {
    if (entry.path().extension() != ".jpg") continue;
    const ImageInfo info = describe_image(entry.path());
    const Tensor image = load_image(entry.path());
    EXPECT_EQ(image.shape(), (Shape{1, info.height, info.width, 3})) << entry.path();
    for (float v : image.to_vector<float>()) ASSERT_TRUE(v >= 0 && v <= 1) << entry.path();
    ++count;
  }
  EXPECT_GE(count, 10);
}

}  // namespace
}  // namespace nst
