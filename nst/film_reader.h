// A film's pictures, one after another.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "nst/picture_size.h"
#include "tensor/tensor.h"

namespace nst {

struct Fraction {
  int64_t numerator = 0, denominator = 1;
};

struct FilmInfo {
  PictureSize size{};   // of the upright pictures, whose pixels are square
  Fraction tick;        // the unit of the pictures' times, in seconds
  Fraction frame_rate;  // pictures a second, on average; a film may vary
  int64_t frames = 0;   // what the file says, or else the packets in it
  // How its numbers stand for light: H.273's codes of primaries and transfer curve, 2 for unknown. Kept as
  // they are; wide gamuts and HDR are not brought to sRGB.
  int primaries = 2, transfer = 2;
};

struct FilmFrame {
  Tensor picture;    // (1, H, W, 3) float32 on the CPU, RGB, 0..1, of FilmInfo::size
  int64_t time = 0;  // when it is shown after the film's beginning, in ticks; later than the one before
};

// Reads any film that FFmpeg's libraries decode, in the containers of film_file.h, one picture in memory at a
// time. YUV becomes RGB by the matrix and the range that the film states; one that states no matrix has
// BT.601's below 720 rows and BT.709's from there on. Pixels that are not square are resampled until they
// are, and a film that a camera held sideways is turned upright. Pictures of another size than the first's
// are brought to it.
class FilmReader {
 public:
  // Decodes the first picture. Throws std::runtime_error naming the file: not there, not a film, nothing but
  // sound, a codec that is not there, damaged from the beginning.
  explicit FilmReader(const std::filesystem::path& path);
  ~FilmReader();
  FilmReader(FilmReader&&) noexcept;

  const FilmInfo& info() const;
  // The next picture; none at the end. What is damaged is left out, or concealed by the decoder, and counted,
  // as is what is missing at the end.
  std::optional<FilmFrame> next();
  int64_t damaged_packets() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nst
