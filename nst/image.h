// Pictures as tensors: (1, H, W, 3) float32 on the CPU, red, green, blue, 0 for none and 1 for full, with the
// file's own transfer curve (sRGB, as a rule), in which the networks were trained.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nst/picture_size.h"
#include "tensor/tensor.h"

namespace nst {

// More pixels than this are refused before anything is decoded: 16384 x 16384, whose tensor takes 3 GiB.
inline constexpr int64_t kMaxImagePixels = int64_t{1} << 28;

// Reads a JPEG, PNG, BMP, TGA, GIF (its first frame), PSD (its composite) or PNM file. A picture that the
// camera held sideways is turned upright as its EXIF orientation says, transparency is laid over white, grey
// becomes three equal channels, and 16-bit channels keep their precision. Throws std::runtime_error naming
// the file and the reason: not there, empty, not a picture, too large, damaged, or cut short.
Tensor load_image(const std::filesystem::path& path);  // (1, H, W, 3)

// The same for a file already in memory; `name` stands for it in messages.
Tensor decode_image(std::span<const std::byte> file, std::string_view name);  // (1, H, W, 3)

// The format that a file's first bytes announce, also one that cannot be read ("WebP"); empty for none. TGA
// files announce nothing.
std::string_view announced_image_format(std::span<const std::byte> file);

struct ImageInfo {
  std::string format;  // "JPEG", "PNG", "BMP", "TGA", "GIF", "PSD", "PNM"
  int64_t width = 0;   // of the upright picture, as load_image returns it
  int64_t height = 0;
  int channels = 0;     // 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha
  int bits = 0;         // per channel: 8 (or fewer) or 16
  int orientation = 1;  // EXIF: 1 upright ... 8; 5 to 8 lie on their side in the file
};

// What a picture file says of itself, without decoding its pixels. Throws as load_image does.
ImageInfo describe_image(const std::filesystem::path& path);
ImageInfo describe_image(std::span<const std::byte> file, std::string_view name);

// Clamped to [0, 1], scaled by 255 and rounded to nearest, ties to even. image (1, H, W, C), of any device
// and type. Throws std::invalid_argument for values that are NaN.
std::vector<unsigned char> image_bytes(const Tensor& image);  // H * W * C

struct SaveOptions {
  int jpeg_quality = 95;  // 1 to 100; above 90 without chroma subsampling
};

// Writes a PNG or JPEG file, by the extension of `path` (.png, .jpg, .jpeg); see AtomicFile in tensor/file.h.
// `image` is (1, H, W, 3) or, for grey, (1, H, W, 1); values become bytes as image_bytes
// says. Throws std::invalid_argument for another extension, shape or quality, for values
// that are NaN, and for sides beyond 65535 in a JPEG; std::runtime_error when the file cannot be written.
void save_image(const std::filesystem::path& path, const Tensor& image, const SaveOptions& options = {});

// The bytes of such a file; `format` is its extension, ".png" or ".jpg".
std::vector<std::byte> encode_image(const Tensor& image, std::string_view format,
                                    const SaveOptions& options = {});

// Throws what save_image would throw for this path now; to be asked before the work whose result goes there.
void check_can_save_image(const std::filesystem::path& path, const SaveOptions& options = {});

enum class Side { longest, shortest };

// The size at which the longest or the shortest side is `size` and the aspect ratio stays; no side is less
// than a pixel. Throws std::invalid_argument when `size` is not positive.
PictureSize resized(PictureSize from, int64_t size, Side side);

// Resamples to height x width: antialiased triangle filter to shrink, bilinear to grow, which is what the
// data loaders of the reference implementations do. image (N, H, W, C) -> (N, height, width, C).
Tensor resize_image(const Tensor& image, int64_t height, int64_t width);

// The same, to the size that resized() says.
// image (N, H, W, C) -> (N, H', W', C).
Tensor resize_image(const Tensor& image, int64_t size, Side side);

}  // namespace nst
