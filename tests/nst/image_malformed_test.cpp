// Files that are not what they should be: each must end in a clear error, none in a picture.
#include <gtest/gtest.h>

#include "nst/image.h"
#include "tensor/file.h"
#include "tests/nst/picture_files.h"
#include "tests/support.h"

namespace nst {
namespace {

using testing::bytes_of;
using testing::FileBytes;
using testing::PngColour;

void expect_refused(const FileBytes& file, const std::string& part) {
  EXPECT_FAILURE(decode_image(bytes_of(file), "photo"), "photo: " + part);
}

FileBytes small_png() { return testing::make_png(6, 5, 8, PngColour::rgb, std::vector<uint16_t>(90, 7)); }

TEST(MalformedImage, files_that_are_not_there_or_not_files) {
  const testing::TemporaryFolder folder;
  EXPECT_FAILURE(load_image(folder / "photo.jpg"), "photo.jpg: no such file");
  EXPECT_FAILURE(load_image(folder.path()), ": is a folder");
  write_file_atomically(folder / "empty.png", "");
  EXPECT_FAILURE(load_image(folder / "empty.png"), "empty.png: the file is empty");
  EXPECT_FAILURE(describe_image(folder / "empty.png"), "empty.png: the file is empty");
  write_file_atomically(folder / "text.png", "These are words, and no picture at all.\n");
  EXPECT_FAILURE(load_image(folder / "text.png"),
                 "text.png: not an image this program can read (JPEG, PNG, BMP, TGA, GIF, PSD, PNM)");
  EXPECT_FAILURE(load_image("/dev/null"), "/dev/null: the file is empty");
}

TEST(MalformedImage, formats_it_knows_only_by_name) {
  expect_refused(FileBytes("RIFF\x20\0\0\0WEBPVP8 ", 16), "WebP pictures are not supported (JPEG, PNG,");
  expect_refused(FileBytes("\0\0\0\x18"
                           "ftypheic",
                           12),
                 "HEIF pictures are not supported");
  expect_refused(FileBytes("II*\0\x08\0\0\0", 8), "TIFF pictures are not supported");
}

TEST(MalformedImage, formats_announce_themselves) {
  const auto announced = [](const FileBytes& file) { return announced_image_format(bytes_of(file)); };
  EXPECT_EQ(announced(small_png()), "PNG");
  EXPECT_EQ(announced("BM"), "BMP");
  EXPECT_EQ(announced(FileBytes("RIFF\x20\0\0\0WEBPVP8 ", 16)), "WebP");  // though it cannot be read
  EXPECT_EQ(announced(testing::make_tga(6, 5, std::vector<uint8_t>(90, 7))), "");
  EXPECT_EQ(announced("B"), "");
  EXPECT_EQ(announced(""), "");
}

TEST(MalformedImage, every_jpeg_that_is_cut_short) {
  const FileBytes jpeg = testing::encode(testing::smooth_picture(40, 56), ".jpg");
  for (size_t size = 3; size < jpeg.size(); ++size) {
    expect_refused(jpeg.substr(0, size), "a JPEG picture that is cut short");
  }
  decode_image(bytes_of(jpeg + "trailing bytes are nobody's business"), "photo");
}

TEST(MalformedImage, every_png_bmp_and_ppm_that_is_cut_short) {
  const std::vector<uint8_t> rgb(90, 7);
  const FileBytes png = small_png(), bmp = testing::make_bmp(6, 5, rgb), ppm = testing::make_ppm(6, 5, rgb);
  for (size_t size = 8; size < png.size(); ++size) expect_refused(png.substr(0, size), "a PNG picture");
  for (size_t size = 2; size < bmp.size(); ++size) expect_refused(bmp.substr(0, size), "a BMP picture");
  for (size_t size = 2; size < ppm.size(); ++size) expect_refused(ppm.substr(0, size), "a");
}

TEST(MalformedImage, a_tga_that_is_cut_short) {
  const FileBytes tga = testing::make_tga(6, 5, std::vector<uint8_t>(90, 7));
  for (size_t size = 1; size < tga.size(); ++size) {
    EXPECT_THROW(decode_image(bytes_of(tga.substr(0, size)), "photo"), std::runtime_error) << size;
  }
}

TEST(MalformedImage, damage_inside) {
  FileBytes png = small_png();
  png[png.size() - 25] ^= 0x55;  // in the compressed data
  expect_refused(png, "a damaged PNG picture (");
  FileBytes jpeg = testing::encode(testing::smooth_picture(40, 56), ".jpg");
  jpeg.replace(jpeg.find("\xff\xc4"), 2, "\xff\xc5");  // no Huffman tables
  EXPECT_THROW(decode_image(bytes_of(jpeg), "photo"), std::runtime_error);
}

TEST(MalformedImage, headers_that_promise_too_much) {
  // 2^31 - 1 pixels to a side: refused before anything of that size is allocated.
  FileBytes png = small_png();
  const auto with_size = [&](uint64_t width, uint64_t height) {
    return FileBytes(png).replace(16, 8, testing::big_endian(width, 4) + testing::big_endian(height, 4));
  };
  expect_refused(with_size(0x7fffffff, 0x7fffffff), "a damaged PNG picture (Very large image (corrupt?))");
  expect_refused(with_size(0xffffffff, 1), "a damaged PNG picture");
  expect_refused(with_size(0, 5), "a damaged PNG picture");
  expect_refused(with_size(16385, 16385), "16385 x 16385 pixels are too many; the limit is 268435456");
  expect_refused(with_size(1 << 20, 1 << 12), "a damaged PNG picture (Image too large to decode)");
}

TEST(MalformedImage, every_byte_changed) {
  // Whatever comes of it, it is a picture or an exception.
  const testing::TemporaryFolder folder;
  const Tensor picture = testing::smooth_picture(9, 11);
  int refused = 0;
  for (FileBytes file : {testing::with_orientation(testing::encode(picture, ".jpg"), 6, true), small_png()}) {
    for (size_t i = 0; i < file.size(); ++i) {
      for (char flip : {'\x01', '\x80', '\xff'}) {
        file[i] ^= flip;
        try {
          const Tensor image = decode_image(bytes_of(file), "photo");
          EXPECT_EQ(image.rank(), 4);
        } catch (const std::runtime_error&) {
          ++refused;
        }
        file[i] ^= flip;
      }
    }
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace nst
