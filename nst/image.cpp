#include "nst/image.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <limits>
#include <memory>
#include <stdexcept>
#include <type_traits>

#include "kernels/parallel.h"
#include "nst/exif.h"
#include "nst/stb.h"
#include "tensor/file.h"

namespace nst {
namespace {

using Bytes = std::span<const std::byte>;

// Larger than any picture of kMaxImagePixels, whatever its format; and stb counts in int.
constexpr size_t kMaxFileBytes = INT_MAX;

[[noreturn]] void fail(std::string_view name, std::string_view reason) {
  throw std::runtime_error(fmt::format("{}: {}", name, reason));
}

// What stb_image reads from. Had it the bytes themselves it would take zeros for what a file cut short
// lacks, and nobody would know; so this remembers whether it asked for more than there was.
class Source {
 public:
  explicit Source(Bytes bytes) : bytes_(bytes) {}
  bool ran_out() const { return ran_out_; }
  static constexpr stbi_io_callbacks callbacks() { return {.read = read, .skip = skip, .eof = at_end}; }

 private:
  static int read(void* user, char* to, int size) {
    Source& s = *static_cast<Source*>(user);
    const size_t count = std::min(s.bytes_.size(), static_cast<size_t>(std::max(size, 0)));
    if (count == 0 && size > 0) s.ran_out_ = true;
    std::memcpy(to, s.bytes_.data(), count);
    s.bytes_ = s.bytes_.subspan(count);
    return static_cast<int>(count);
  }
  static void skip(void* user, int size) {
    Source& s = *static_cast<Source*>(user);
    const size_t wanted = static_cast<size_t>(std::max(size, 0));
    if (wanted > s.bytes_.size()) s.ran_out_ = true;
    s.bytes_ = s.bytes_.subspan(std::min(wanted, s.bytes_.size()));
  }
  static int at_end(void* user) { return static_cast<Source*>(user)->bytes_.empty(); }

  Bytes bytes_;  // those not read yet
  bool ran_out_ = false;
};

constexpr stbi_io_callbacks kCallbacks = Source::callbacks();

struct Signature {
  std::string_view format;
  size_t offset;
  std::string_view bytes;
};

constexpr std::array kReadable{
    Signature{"JPEG", 0, "\xff\xd8\xff"},
    Signature{"PNG", 0, "\x89PNG\r\n\x1a\n"},
    Signature{"BMP", 0, "BM"},
    Signature{"GIF", 0, "GIF8"},
    Signature{"PSD", 0, "8BPS"},
    Signature{"PNM", 0, "P5"},
    Signature{"PNM", 0, "P6"},
};
// Common enough that a user should hear the name.
constexpr std::array kUnreadable{
    Signature{"WebP", 8, "WEBP"},        Signature{"HEIF", 4, "ftyphei"},
    Signature{"HEIF", 4, "ftypmif1"},    Signature{"AVIF", 4, "ftypavi"},
    Signature{"TIFF", 0, {"II*\0", 4}},  Signature{"TIFF", 0, {"MM\0*", 4}},
    Signature{"JPEG XL", 0, "\xff\x0a"}, Signature{"PDF", 0, "%PDF"},
};

// The name of the first format whose signature the file has; empty when none.
std::string_view format_in(std::span<const Signature> signatures, Bytes file) {
  for (const auto& [format, offset, bytes] : signatures) {
    if (file.size() >= offset + bytes.size() &&
        std::ranges::equal(file.subspan(offset, bytes.size()), std::as_bytes(std::span(bytes)))) {
      return format;
    }
  }
  return {};
}

// Says why stb_image made nothing of the file; `reason` is for those that it recognised.
[[noreturn]] void fail_to_decode(Bytes file, std::string_view name, const Source& source,
                                 const char* reason) {
  constexpr std::string_view kNames = "JPEG, PNG, BMP, TGA, GIF, PSD, PNM";
  const std::string_view format = format_in(kReadable, file);
  if (!format.empty() && source.ran_out()) fail(name, fmt::format("a {} picture that is cut short", format));
  if (!format.empty()) fail(name, fmt::format("a damaged {} picture ({})", format, reason));
  const std::string_view other = format_in(kUnreadable, file);
  if (!other.empty()) fail(name, fmt::format("{} pictures are not supported ({})", other, kNames));
  fail(name, fmt::format("not an image this program can read ({})", kNames));
}

struct Free {
  void operator()(void* pixels) const { stbi_image_free(pixels); }
};

template <class T>
using Pixels = std::unique_ptr<T, Free>;

// Red, green, blue, alpha of 8 or 16 bits, as T says; null when stb_image makes nothing of the file.
template <class T>
Pixels<T> decode(Source& source, int& width, int& height) {
  int channels = 0;
  if constexpr (std::is_same_v<T, stbi_us>) {
    return Pixels<T>(stbi_load_16_from_callbacks(&kCallbacks, &source, &width, &height, &channels, 4));
  } else {
    return Pixels<T>(stbi_load_from_callbacks(&kCallbacks, &source, &width, &height, &channels, 4));
  }
}

// Pixels as decoded, with alpha, to an upright tensor over white.
// pixels (stored height, stored width, 4) -> (1, H, W, 3)
template <class T>
Tensor to_tensor(const T* pixels, const ImageInfo& info) {
  const int64_t h = info.height, w = info.width;
  const UprightWalk walk = upright_walk({h, w}, info.orientation);
  Tensor image = Tensor::empty({1, h, w, 3});
  float* out = image.mutable_data<float>();
  constexpr float kFull = std::numeric_limits<T>::max();
  kernels::parallel_for(h, 16, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y) {
      for (int64_t x = 0; x < w; ++x) {
        const T* in = pixels + 4 * (walk.start + y * walk.down + x * walk.right);
        const float alpha = in[3] / kFull;
        for (int c = 0; c < 3; ++c) out[(y * w + x) * 3 + c] = in[c] / kFull * alpha + (1 - alpha);
      }
    }
  });
  return image;
}

template <class T>
Tensor decode(Bytes file, std::string_view name, const ImageInfo& info) {
  Source source(file);
  int width = 0, height = 0;
  const Pixels<T> pixels = decode<T>(source, width, height);
  if (!pixels) fail_to_decode(file, name, source, stbi_failure_reason());
  const bool sideways = lies_sideways(info.orientation);
  if (source.ran_out() || width != (sideways ? info.height : info.width) ||
      height != (sideways ? info.width : info.height)) {
    fail_to_decode(file, name, source, "its header and its pixels disagree");
  }
  if constexpr (sizeof(T) == 2) {
    // stb_image leaves PNM's channels as they are in the file, the most significant byte first.
    const std::span channels(pixels.get(), static_cast<size_t>(4) * width * height);
    if (info.format == "PNM") {
      for (T& channel : channels) channel = __builtin_bswap16(channel);
    }
  }
  return to_tensor(pixels.get(), info);
}

}  // namespace

std::string_view announced_image_format(Bytes file) {
  const std::string_view format = format_in(kReadable, file);
  return format.empty() ? format_in(kUnreadable, file) : format;
}

ImageInfo describe_image(Bytes file, std::string_view name) {
  if (file.empty()) fail(name, "the file is empty");
  Source source(file);
  int width = 0, height = 0;
  ImageInfo info;
  if (!stbi_info_from_callbacks(&kCallbacks, &source, &width, &height, &info.channels) || width < 1 ||
      height < 1) {
    // stb has asked every format and tells what the last one minded; a decoder tells what its own minds.
    Source again(file);
    const Pixels<stbi_uc> none = decode<stbi_uc>(again, width, height);
    fail_to_decode(file, name, again, none ? "its header makes no sense" : stbi_failure_reason());
  }
  if (int64_t{width} * height > kMaxImagePixels) {
    fail(name, fmt::format("{} x {} pixels are too many; the limit is {}", width, height, kMaxImagePixels));
  }
  const std::string_view format = format_in(kReadable, file);
  info.format = format.empty() ? "TGA" : format;  // which has no signature
  Source again(file);
  info.bits = stbi_is_16_bit_from_callbacks(&kCallbacks, &again) ? 16 : 8;
  if (format == "JPEG") info.orientation = exif_orientation(file);
  const bool sideways = lies_sideways(info.orientation);
  info.width = sideways ? height : width;
  info.height = sideways ? width : height;
  return info;
}

Tensor decode_image(Bytes file, std::string_view name) {
  const ImageInfo info = describe_image(file, name);
  return info.bits == 16 ? decode<stbi_us>(file, name, info) : decode<stbi_uc>(file, name, info);
}

Tensor load_image(const std::filesystem::path& path) {
  return decode_image(read_file(path, kMaxFileBytes), path.string());
}

ImageInfo describe_image(const std::filesystem::path& path) {
  return describe_image(read_file(path, kMaxFileBytes), path.string());
}

}  // namespace nst
