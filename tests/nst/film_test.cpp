// Films in and out.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "nst/film_file.h"
#include "nst/film_reader.h"
#include "nst/film_writer.h"
#include "tensor/file.h"
#include "tests/nst/film_files.h"
#include "tests/nst/picture_files.h"
#include "tests/support.h"

namespace nst {
namespace {

using testing::SmallFilm;

struct Film {
  FilmInfo info;
  std::vector<FilmFrame> frames;
  int64_t damaged;
};

Film read_film(const std::filesystem::path& path) {
  FilmReader reader(path);
  Film film{reader.info(), {}, 0};
  while (auto frame = reader.next()) film.frames.push_back(std::move(*frame));
  film.damaged = reader.damaged_packets();
  return film;
}

double milliseconds(const Film& film, size_t i) {
  return 1000.0 * static_cast<double>(film.frames[i].time * film.info.tick.numerator) /
         static_cast<double>(film.info.tick.denominator);
}

// Mean absolute difference, in levels of 255; NaN where there is one.
double difference(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.shape(), b.shape());
  const auto p = a.to_vector<float>(), q = b.to_vector<float>();
  double sum = 0;
  for (size_t i = 0; i < p.size(); ++i) sum += std::fabs(p[i] - q[i]);
  return 255 * sum / static_cast<double>(p.size());
}

class FilmTest : public ::testing::Test {
 protected:
  // The file with the bytes `at` behind the first occurrence of a box's name replaced.
  void patch(const std::string& name, const std::string& box, size_t at, const std::string& bytes) const {
    std::string file = testing::read_bytes(folder / name);
    const size_t found = file.find(box);
    ASSERT_NE(found, std::string::npos) << box;
    file.replace(found + 4 + at, bytes.size(), bytes);
    write_file_atomically(folder / name, file);
  }
  testing::TemporaryFolder folder;
};

TEST_F(FilmTest, comes_back_as_it_was_written) {
  const SmallFilm written;
  for (const char* name : {"a.mp4", "a.mov", "a.mkv"}) {
    testing::write_film(folder / name, written);
    EXPECT_TRUE(is_film(folder / name));
    const Film film = read_film(folder / name);
    EXPECT_EQ(film.info.size.height, 48);
    EXPECT_EQ(film.info.size.width, 64);
    EXPECT_EQ(film.info.frames, 5);
    EXPECT_EQ(film.info.frame_rate.numerator, 25 * film.info.frame_rate.denominator);
    EXPECT_EQ(film.damaged, 0);
    ASSERT_EQ(film.frames.size(), 5u) << name;
    for (size_t i = 0; i < 5; ++i) {
      EXPECT_NEAR(milliseconds(film, i), 40.0 * static_cast<double>(i), 1) << name;
      // Colours survive the way to BT.601 and back; edges of colour are at half the resolution.
      const double off = difference(film.frames[i].picture, testing::film_picture(written, i));
      EXPECT_TRUE(off < 2) << name << " " << i << ": " << off;
      EXPECT_TRUE(difference(film.frames[i].picture, testing::film_picture(written, i + 2)) > 4);
    }
  }
  EXPECT_EQ(folder.names(), (std::vector<std::string>{"a.mkv", "a.mov", "a.mp4"}));
}

TEST_F(FilmTest, large_films_have_the_other_matrix) {
  const SmallFilm written{.height = 720, .width = 64, .times = {0}};
  testing::write_film(folder / "a.mp4", written);
  const double off =
      difference(read_film(folder / "a.mp4").frames.at(0).picture, testing::film_picture(written, 0));
  EXPECT_TRUE(off < 2) << off;
}

TEST_F(FilmTest, black_and_white_are_what_they_were) {
  const FilmInfo info{.size = {16, 16}, .tick = {1, 25}, .frame_rate = {25, 1}};
  for (const double value : {0.0, 1.0}) {
    FilmWriter writer(folder / "a.mp4", info, info.size);
    writer.write(Tensor::full({1, 16, 16, 3}, value), 0);
    writer.commit();
    for (const float v : read_film(folder / "a.mp4").frames.at(0).picture.to_vector<float>()) {
      EXPECT_NEAR(v, value, 1.01 / 255);
    }
  }
}

// The numbers of ITU-R BT.601 and BT.709: Y = 16 + 219 (Kr R + Kg G + Kb B), U = 128 + 112 (B - Y') / (1 -
// Kb), ...
TEST_F(FilmTest, colours_are_those_that_the_file_states) {
  struct Case {
    testing::Yuv yuv;
    float rgb[3];
  };
  const Case cases[] = {
      {{81, 90, 240}, {1, 0, 0}},
      {{63, 102, 240, false, true}, {1, 0, 0}},
      {{76, 85, 255, true, false}, {1, 0, 0}},
      {{145, 54, 34}, {0, 1, 0}},
      {{173, 42, 26, false, true}, {0, 1, 0}},
      {{235, 128, 128}, {1, 1, 1}},
      {{235, 128, 128, true, true}, {235.0f / 255, 235.0f / 255, 235.0f / 255}},
  };
  for (const auto& [yuv, rgb] : cases) {
    testing::write_yuv_film(folder / "a.mp4", yuv);
    const auto picture = read_film(folder / "a.mp4").frames.at(0).picture.to_vector<float>();
    for (int c = 0; c < 3; ++c) {
      EXPECT_NEAR(picture[(24 * 64 + 32) * 3 + c], rgb[c], 2.01 / 255) << yuv.y << " " << yuv.u << " " << c;
    }
  }
}

TEST_F(FilmTest, writes_the_colours_that_it_states) {
  for (const auto& [height, y, u, v] : {std::array{48, 81, 90, 240}, {720, 63, 102, 240}}) {
    const FilmInfo info{.size = {height, 64}, .tick = {1, 25}, .frame_rate = {25, 1}};
    FilmWriter writer(folder / "a.mp4", info, info.size, {.crf = 1});
    std::vector<float> red(static_cast<size_t>(height * 64 * 3));
    for (size_t i = 0; i < red.size(); i += 3) red[i] = 1;
    writer.write(Tensor::from<float>({1, height, 64, 3}, red), 0);
    writer.commit();
    const testing::Yuv written = testing::middle_of_film(folder / "a.mp4");
    EXPECT_NEAR(written.y, y, 1);
    EXPECT_NEAR(written.u, u, 1);
    EXPECT_NEAR(written.v, v, 1);
    EXPECT_FALSE(written.full_range);
    EXPECT_EQ(written.bt709, height >= 720);
  }
}

TEST_F(FilmTest, pictures_may_last_as_long_as_they_like) {
  testing::write_film(folder / "a.mp4", {.times = {0, 1, 5, 6, 20}});
  const Film film = read_film(folder / "a.mp4");
  ASSERT_EQ(film.frames.size(), 5u);
  const double expected[] = {0, 40, 200, 240, 800};
  for (size_t i = 0; i < 5; ++i) EXPECT_NEAR(milliseconds(film, i), expected[i], 1);
}

TEST_F(FilmTest, a_film_begins_at_0_with_its_first_stream) {
  testing::write_film(folder / "a.mp4", {.times = {50, 51, 55}});
  const Film film = read_film(folder / "a.mp4");
  ASSERT_EQ(film.frames.size(), 3u);
  const double expected[] = {0, 40, 200};
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(milliseconds(film, i), expected[i], 1);
  testing::write_tone(folder / "tone.m4a", 0.5);
  testing::write_film(folder / "b.mp4", {.times = {50, 51, 55}, .sound = folder / "tone.m4a"});
  EXPECT_NEAR(milliseconds(read_film(folder / "b.mp4"), 0), 2000, 1);
}

TEST_F(FilmTest, odd_sides_lose_a_pixel) {
  const SmallFilm odd{.height = 33, .width = 47, .times = {0, 1}};
  testing::write_film(folder / "a.mp4", odd);
  const Film film = read_film(folder / "a.mp4");
  EXPECT_EQ(film.info.size.height, 32);
  EXPECT_EQ(film.info.size.width, 46);
}

TEST_F(FilmTest, turns_and_stretches_as_the_file_says) {
  testing::write_film(folder / "a.mp4", {.height = 48, .width = 64, .times = {0}});
  const Tensor plain = read_film(folder / "a.mp4").frames.at(0).picture;
  // A quarter turn clockwise: x' = -y, y' = x, in 16.16 and 2.30 bits.
  const auto number = [](int64_t v) { return testing::big_endian(static_cast<uint32_t>(v), 4); };
  constexpr int64_t kOne = 1 << 16;
  patch("a.mp4", "tkhd", 40,
        number(0) + number(kOne) + number(0) + number(-kOne) + number(0) + number(0) + number(48 * kOne) +
            number(0) + number(1 << 30));
  const Film turned = read_film(folder / "a.mp4");
  ASSERT_EQ(turned.info.size.height, 64);
  ASSERT_EQ(turned.info.size.width, 48);
  const auto before = plain.to_vector<float>(), after = turned.frames.at(0).picture.to_vector<float>();
  for (int64_t y = 0; y < 64; ++y) {
    for (int64_t x = 0; x < 48; ++x) ASSERT_EQ(after[(y * 48 + x) * 3], before[((47 - x) * 64 + y) * 3]);
  }
  // Pixels twice as wide as high, which then lie on their side.
  patch("a.mp4", "pasp", 0, number(2) + number(1));
  const Film wide = read_film(folder / "a.mp4");
  EXPECT_EQ(wide.info.size.height, 128);
  EXPECT_EQ(wide.info.size.width, 48);
}

TEST_F(FilmTest, sound_is_copied_packet_by_packet) {
  testing::write_tone(folder / "tone.m4a", 0.5);
  const auto tone = testing::sound_packets(folder / "tone.m4a");
  ASSERT_GT(tone.size(), 5u);
  testing::write_film(folder / "a.mp4", {.times = {0, 2, 4, 6, 8, 10}, .sound = folder / "tone.m4a"});
  EXPECT_TRUE(testing::sound_packets(folder / "a.mp4") == tone);
  // Once more, from a film into other containers; Matroska's times are milliseconds.
  testing::write_film(folder / "b.mov", {.sound = folder / "a.mp4"});
  EXPECT_TRUE(testing::sound_packets(folder / "b.mov") == tone);
  testing::write_film(folder / "b.mkv", {.sound = folder / "a.mp4"});
  const auto packets = testing::sound_packets(folder / "b.mkv");
  ASSERT_EQ(packets.size(), tone.size());
  const int64_t shift = packets[0].microseconds - tone[0].microseconds;
  for (size_t i = 0; i < tone.size(); ++i) {
    EXPECT_TRUE(packets[i].bytes == tone[i].bytes) << i;
    EXPECT_NEAR(packets[i].microseconds - shift, tone[i].microseconds, 1001) << i;
  }
  // Where the sound had to begin before 0, all has been moved alike.
  EXPECT_NEAR(1000 * milliseconds(read_film(folder / "b.mkv"), 0), shift, 1001);
}

TEST_F(FilmTest, says_what_sound_does_not_fit) {
  testing::write_plain_tone(folder / "tone.wav", 0.3);
  const FilmInfo info{.size = {16, 16}, .tick = {1, 25}, .frame_rate = {25, 1}};
  const auto problem = [&](const char* name, const std::filesystem::path& sound) {
    FilmWriter writer(folder / name, info, info.size, {.sound_from = sound});
    writer.write(Tensor::full({1, 16, 16, 3}, 0.5), 0);
    writer.commit();
    EXPECT_EQ(read_film(folder / name).frames.size(), 1u);
    return writer.sound_problem();
  };
  EXPECT_NE(problem("a.mp4", folder / "tone.wav").find("its sound (pcm_s16le) does not fit into MP4"),
            std::string::npos);
  EXPECT_NE(problem("b.mp4", folder / "missing").find("missing"), std::string::npos);
  EXPECT_EQ(problem("a.mkv", folder / "tone.wav"), "");
  EXPECT_FALSE(testing::sound_packets(folder / "a.mkv").empty());
}

TEST_F(FilmTest, nothing_is_left_of_a_film_that_was_not_finished) {
  write_file_atomically(folder / "a.mp4", "old");
  {
    const FilmInfo info{.size = {16, 16}, .tick = {1, 25}, .frame_rate = {25, 1}};
    FilmWriter writer(folder / "a.mp4", info, info.size);
    for (int64_t t = 0; t < 3; ++t) writer.write(Tensor::full({1, 16, 16, 3}, 0.5), t);
    EXPECT_INVALID(writer.write(Tensor::full({1, 8, 16, 3}, 0.5), 3), "film_writer");
    EXPECT_INVALID(writer.write(Tensor::full({1, 16, 16, 3}, std::numeric_limits<double>::quiet_NaN()), 3),
                   "NaN");
  }
  EXPECT_EQ(testing::read_bytes(folder / "a.mp4"), "old");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.mp4"});
}

TEST_F(FilmTest, refuses_what_it_cannot_write) {
  const FilmInfo info{.size = {16, 16}, .tick = {1, 25}, .frame_rate = {25, 1}};
  EXPECT_INVALID(FilmWriter(folder / "a.avi", info, info.size), ".mp4, .m4v, .mov or .mkv");
  EXPECT_INVALID(check_can_save_film(folder / "a.png"), "a.png: a film's name must end in");
  EXPECT_INVALID(FilmWriter(folder / "a.mp4", info, {1, 16}), "16 x 1 pixels");
  EXPECT_INVALID(FilmWriter(folder / "a.mp4", info, info.size, {.crf = 52}), "crf");
  EXPECT_FAILURE(check_can_save_film(folder / "none" / "a.mp4"), "the folder does not exist");
  EXPECT_EQ(folder.names(), std::vector<std::string>());
}

TEST_F(FilmTest, says_what_is_wrong_with_a_file) {
  EXPECT_FAILURE(FilmReader(folder / "missing.mp4"), "missing.mp4: cannot be read as a film: No such file");
  write_file_atomically(folder / "text.mp4", "this is no film at all, whatever its name says");
  EXPECT_FAILURE(FilmReader(folder / "text.mp4"), "text.mp4: cannot be read as a film");
  testing::write_tone(folder / "tone.mp4", 0.2);
  EXPECT_FAILURE(FilmReader(folder / "tone.mp4"), "tone.mp4: a film without pictures");
  // A play list names other files: none of them is opened.
  write_file_atomically(folder / "list.mp4", "#EXTM3U\n#EXTINF:1,\n" + (folder / "a.mp4").string() + "\n");
  testing::write_film(folder / "a.mp4");
  EXPECT_FAILURE(FilmReader(folder / "list.mp4"), "list.mp4: cannot be read as a film");
  // MP4's index is at its end.
  const std::string whole = testing::read_bytes(folder / "a.mp4");
  write_file_atomically(folder / "half.mp4", whole.substr(0, whole.size() / 2));
  EXPECT_FAILURE(FilmReader(folder / "half.mp4"), "half.mp4: cannot be read as a film");
}

TEST_F(FilmTest, keeps_what_can_be_read_of_a_damaged_film) {
  SmallFilm film;
  film.times.resize(60);
  for (size_t i = 0; i < film.times.size(); ++i) film.times[i] = static_cast<int64_t>(i);
  testing::write_film(folder / "a.mkv", film);
  const std::string whole = testing::read_bytes(folder / "a.mkv");
  write_file_atomically(folder / "cut.mkv", whole.substr(0, whole.size() * 2 / 3));
  const Film cut = read_film(folder / "cut.mkv");
  EXPECT_GT(cut.frames.size(), 1u);
  EXPECT_LT(cut.frames.size(), 60u);
  // MP4 knows how many there should be.
  testing::write_film(folder / "b.mp4", film);
  std::string noise = testing::read_bytes(folder / "b.mp4");
  const size_t data = noise.find("mdat") + 4;
  for (size_t i = data + 2000; i < data + 2600; ++i) noise[i] = static_cast<char>(i * 7);
  write_file_atomically(folder / "b.mp4", noise);
  const Film damaged = read_film(folder / "b.mp4");
  EXPECT_GT(damaged.damaged, 0);
  EXPECT_GT(damaged.frames.size(), 10u);
}

TEST_F(FilmTest, is_known_by_its_content) {
  testing::write_film(folder / "film.mp4");
  std::filesystem::rename(folder / "film.mp4", folder / "film.jpg");
  EXPECT_TRUE(is_film(folder / "film.jpg"));
  write_file_atomically(folder / "picture.mp4", testing::encode(testing::smooth_picture(8, 8), ".png"));
  EXPECT_FALSE(is_film(folder / "picture.mp4"));
  write_file_atomically(folder / "noise.MP4", "neither");
  EXPECT_TRUE(is_film(folder / "noise.MP4"));  // so that it is refused as a film
  write_file_atomically(folder / "noise", "neither");
  EXPECT_FALSE(is_film(folder / "noise"));
  EXPECT_FALSE(is_film(folder.path()));
  EXPECT_FALSE(is_film(folder / "missing.mp4"));
  const auto container = [](std::string_view bytes) {
    return film_container(std::as_bytes(std::span(bytes)));
  };
  EXPECT_EQ(container("\x1a\x45\xdf\xa3"), "Matroska");
  EXPECT_EQ(container({"\0\0\0\x20"
                       "ftypisom",
                       12}),
            "MP4");
  EXPECT_EQ(container({"\0\0\0\x20"
                       "ftypavif",
                       12}),
            "");
  EXPECT_EQ(container("RIFF1234AVI "), "AVI");
  EXPECT_EQ(container("RIFF1234WEBP"), "");
  std::string stream(400, '\0');
  stream[0] = stream[188] = stream[376] = 'G';
  EXPECT_EQ(container(stream), "MPEG-TS");
  EXPECT_EQ(container(""), "");
}

}  // namespace
}  // namespace nst
