#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <stdexcept>

#include "kernels/parallel.h"
#include "nst/image.h"
#include "nst/stb.h"
#include "tensor/file.h"

namespace nst {
namespace {

enum class FileFormat { png, jpeg };

FileFormat format_of(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return std::tolower(c); });
  if (extension == ".png") return FileFormat::png;
  if (extension == ".jpg" || extension == ".jpeg") return FileFormat::jpeg;
  throw std::invalid_argument(
      fmt::format("save_image: {}: the name must end in .png, .jpg or .jpeg", path.string()));
}

void check_options(const SaveOptions& options) {
  if (options.jpeg_quality >= 1 && options.jpeg_quality <= 100) return;
  throw std::invalid_argument(
      fmt::format("save_image: jpeg_quality must be 1 to 100, got {}", options.jpeg_quality));
}

void append(void* user, void* data, int size) {
  const auto* bytes = static_cast<const std::byte*>(data);
  auto& file = *static_cast<std::vector<std::byte>*>(user);
  file.insert(file.end(), bytes, bytes + size);
}

}  // namespace

std::vector<unsigned char> image_bytes(const Tensor& any) {
  const Tensor image = any.to(kCpu).to(DType::float32);
  std::vector<unsigned char> bytes(static_cast<size_t>(image.numel()));
  const float* in = image.data<float>();
  const double nans = kernels::parallel_sum(image.numel(), [&](int64_t begin, int64_t end) {
    int64_t count = 0;
    for (int64_t i = begin; i < end; ++i) {
      count += std::isnan(in[i]);
      // The default rounding mode is to nearest, ties to even.
      bytes[i] = static_cast<unsigned char>(std::nearbyint(std::fmin(std::fmax(in[i], 0.0f), 1.0f) * 255.0f));
    }
    return static_cast<double>(count);
  });
  if (nans > 0) throw std::invalid_argument(fmt::format("image_bytes: {} values of the image are NaN", nans));
  return bytes;
}

void check_can_save_image(const std::filesystem::path& path, const SaveOptions& options) {
  format_of(path);
  check_options(options);
  check_writable(path);
}

std::vector<std::byte> encode_image(const Tensor& image, std::string_view extension,
                                    const SaveOptions& options) {
  const FileFormat format = format_of(std::filesystem::path("picture").concat(extension));
  check_options(options);
  if (!image.defined() || image.rank() != 4 || image.size(0) != 1 || image.numel() == 0 ||
      (image.size(3) != 3 && image.size(3) != 1)) {
    throw std::invalid_argument(
        fmt::format("save_image: image must be (1, H, W, 3 or 1), got {}", image.describe()));
  }
  const int64_t h = image.size(1), w = image.size(2);
  const int64_t longest = std::max(h, w);
  if (h * w > kMaxImagePixels || (format == FileFormat::jpeg && longest > 65535)) {
    throw std::invalid_argument(fmt::format("too large for the format: {} x {}", w, h));
  }
  const int width = static_cast<int>(w), height = static_cast<int>(h),
            channels = static_cast<int>(image.size(3));
  const auto pixels = image_bytes(image);
  std::vector<std::byte> file;
  const int encoded =
      format == FileFormat::png
          ? stbi_write_png_to_func(append, &file, width, height, channels, pixels.data(), width * channels)
          : stbi_write_jpg_to_func(append, &file, width, height, channels, pixels.data(),
                                   options.jpeg_quality);
  if (!encoded) throw std::runtime_error("not enough memory to encode the picture");
  return file;
}

void save_image(const std::filesystem::path& path, const Tensor& image, const SaveOptions& options) {
  format_of(path);  // its message names the path
  try {
    write_file_atomically(path, encode_image(image, path.extension().string(), options));
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(fmt::format("{}: {}", path.string(), error.what()));
  }
}

}  // namespace nst
