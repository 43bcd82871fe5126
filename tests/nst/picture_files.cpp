#include "tests/nst/picture_files.h"

#include <zlib.h>

#include <cmath>

#include "nst/image.h"
#include "tensor/file.h"
#include "tests/support.h"

namespace nst::testing {

std::span<const std::byte> bytes_of(const FileBytes& file) { return std::as_bytes(std::span(file)); }

FileBytes read_bytes(const std::filesystem::path& path) {
  const auto bytes = read_file(path, size_t{1} << 30);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

FileBytes big_endian(uint64_t value, int size) {
  FileBytes bytes;
  for (int i = size - 1; i >= 0; --i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

FileBytes little_endian(uint64_t value, int size) {
  const FileBytes bytes = big_endian(value, size);
  return {bytes.rbegin(), bytes.rend()};
}

namespace {

FileBytes png_chunk(const FileBytes& type_and_body) {
  const auto crc = ::crc32(0, reinterpret_cast<const Bytef*>(type_and_body.data()), type_and_body.size());
  return big_endian(type_and_body.size() - 4, 4) + type_and_body + big_endian(crc, 4);
}

FileBytes deflate(const FileBytes& raw) {
  uLongf size = ::compressBound(raw.size());
  FileBytes packed(size, '\0');
  if (::compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(raw.data()),
                 raw.size()) != Z_OK) {
    throw std::runtime_error("compress");
  }
  packed.resize(size);
  return packed;
}

}  // namespace

FileBytes make_png(int width, int height, int bits, PngColour colour, const std::vector<uint16_t>& samples) {
  const size_t per_row = samples.size() / height;
  FileBytes raw;
  for (int y = 0; y < height; ++y) {
    raw += '\0';  // filter: none
    for (size_t i = 0; i < per_row; ++i) raw += big_endian(samples[y * per_row + i], bits / 8);
  }
  const FileBytes header = big_endian(width, 4) + big_endian(height, 4) + static_cast<char>(bits) +
                           static_cast<char>(colour) + FileBytes(3, '\0');
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR" + header) + png_chunk("IDAT" + deflate(raw)) +
         png_chunk("IEND");
}

FileBytes make_bmp(int width, int height, const std::vector<uint8_t>& rgb) {
  FileBytes pixels;  // from the bottom row up, blue first, rows padded to four bytes
  for (int y = height - 1; y >= 0; --y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 2; c >= 0; --c) pixels += static_cast<char>(rgb[(y * width + x) * 3 + c]);
    }
    pixels.append((4 - width * 3 % 4) % 4, '\0');
  }
  return "BM" + little_endian(54 + pixels.size(), 4) + little_endian(0, 4) + little_endian(54, 4) +
         little_endian(40, 4) + little_endian(width, 4) + little_endian(height, 4) + little_endian(1, 2) +
         little_endian(24, 2) + FileBytes(24, '\0') + pixels;
}

FileBytes make_tga(int width, int height, const std::vector<uint8_t>& rgb) {
  // Kind 2 (true colour, not compressed), the first row at the top, blue first.
  FileBytes file = FileBytes("\0\0\2", 3) + FileBytes(9, '\0') + little_endian(width, 2) +
                   little_endian(height, 2) + '\x18' + '\x20';
  for (size_t i = 0; i < rgb.size(); i += 3) {
    for (int c = 2; c >= 0; --c) file += static_cast<char>(rgb[i + c]);
  }
  return file;
}

FileBytes make_ppm(int width, int height, const std::vector<uint8_t>& rgb) {
  return "P6 " + std::to_string(width) + " " + std::to_string(height) + " 255\n" +
         FileBytes(rgb.begin(), rgb.end());
}

FileBytes with_orientation(const FileBytes& jpeg, int orientation, bool big_endian_tags) {
  const auto number = [&](uint64_t value, int size) {
    return big_endian_tags ? big_endian(value, size) : little_endian(value, size);
  };
  // A TIFF header, then one directory with one entry: tag, type SHORT, one of them, the value and padding.
  const FileBytes tiff = (big_endian_tags ? "MM" : "II") + number(42, 2) + number(8, 4) + number(1, 2) +
                         number(0x0112, 2) + number(3, 2) + number(1, 4) + number(orientation, 2) +
                         number(0, 2) + number(0, 4);
  const FileBytes body = FileBytes("Exif\0\0", 6) + tiff;
  return jpeg.substr(0, 2) + "\xff\xe1" + big_endian(body.size() + 2, 2) + body + jpeg.substr(2);
}

FileBytes encode(const Tensor& image, const std::string& extension, int jpeg_quality) {
  const TemporaryFolder folder;
  const auto path = folder / ("picture" + extension);
  save_image(path, image, {.jpeg_quality = jpeg_quality});
  return read_bytes(path);
}

Tensor smooth_picture(int64_t height, int64_t width) {
  Tensor image = Tensor::empty({1, height, width, 3});
  float* out = image.mutable_data<float>();
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const float v = (static_cast<float>(y) + 0.5f) / static_cast<float>(height);
      const float u = (static_cast<float>(x) + 0.5f) / static_cast<float>(width);
      *out++ = u;
      *out++ = v;
      *out++ = 0.5f + 0.4f * std::sin(4 * u + 2 * v);
    }
  }
  return image;
}

}  // namespace nst::testing
