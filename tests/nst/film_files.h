// Small films for tests, with sound, and what is in a film, read by FFmpeg's demuxer alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace nst::testing {

// A mono tone of 440 Hz as an AAC stream in an .m4a file: sound and nothing else.
void write_tone(const std::filesystem::path& path, double seconds);
// The same as plain samples in a .wav file, which MP4 has no place for.
void write_plain_tone(const std::filesystem::path& path, double seconds);

struct SmallFilm {
  int64_t height = 48, width = 64;
  std::vector<int64_t> times = {0, 1, 2, 3, 4};  // in ticks of 1/25 s
  std::filesystem::path sound = {};
};
// Picture number i of such a film, (1, H, W, 3): a still gradient in which a bright square moves.
Tensor film_picture(const SmallFilm& film, int64_t i);
void write_film(const std::filesystem::path& path, const SmallFilm& film = {});

// What a film of one colour holds: its numbers, and what it says that they mean.
struct Yuv {
  int y, u, v;
  bool full_range = false;
  bool bt709 = false;  // else BT.601
};
// A picture of 64 x 48 pixels, losslessly.
void write_yuv_film(const std::filesystem::path& path, const Yuv& colour);
// Of the pixel in the middle of the first picture.
Yuv middle_of_film(const std::filesystem::path& path);

struct SoundPacket {
  int64_t microseconds;
  std::string bytes;
  bool operator==(const SoundPacket&) const = default;
};
std::vector<SoundPacket> sound_packets(const std::filesystem::path& path);

}  // namespace nst::testing
