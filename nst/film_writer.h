// A film of pictures that come one after another, with the sound of another film.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "nst/film_reader.h"

namespace nst {

struct FilmWriterOptions {
  int crf = 18;  // H.264's quality: 0 loses nothing, 51 is the worst, 6 more are about half the bytes
  // A film whose sound streams are copied as they are, at their times; empty for none.
  std::filesystem::path sound_from = {};
};

// Writes H.264 (4:2:0, 8 bits; BT.601 below 720 rows, else BT.709, as the file then says) in the container of
// the name: .mp4, .m4v, .mov or .mkv. The file appears under its name at commit(), whole, and without it not
// at all. 4:2:0 has even sides: an odd picture loses its last row or column.
class FilmWriter {
 public:
  // For pictures of `size` at the times, the rate and in the colours of `like`. Throws std::invalid_argument
  // for another name or a picture below 2 x 2; std::runtime_error where it cannot be written or encoded.
  FilmWriter(const std::filesystem::path& path, const FilmInfo& like, PictureSize size,
             const FilmWriterOptions& options = {});
  ~FilmWriter();
  FilmWriter(FilmWriter&&) noexcept;

  // What sound could not be copied, and why; empty when all can, or there is none. Known from the beginning,
  // but for a file that turns out to be damaged later.
  const std::string& sound_problem() const;

  // picture (1, H, W, 3), RGB, 0..1 (clamped); `time` is later than the one before. Throws
  // std::invalid_argument for another shape or NaN, std::runtime_error as the constructor.
  void write(const Tensor& picture, int64_t time);
  // Writes what is left and gives the file its name. To be called once, last, after at least one picture.
  void commit();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Throws what a FilmWriter for this path would throw now.
void check_can_save_film(const std::filesystem::path& path);

}  // namespace nst
