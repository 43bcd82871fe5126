// Films through `nst fast`, `nst adain` and `nst stylize`.
#include "tests/nst/film_files.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "nst/film_reader.h"
#include "tests/cli/run_nst.h"

namespace nst {
namespace {

namespace fs = std::filesystem;

class FilmCommand : public testing::CommandTest {
 protected:
  FilmCommand() {
    fs::copy_file(std::string(NST_SOURCE_DIR) + "/examples/styles/waves.png", folder / "waves.png");
    fs::copy_file(std::string(NST_SOURCE_DIR) + "/examples/styles/petals.png", folder / "petals.png");
    testing::write_tone(folder / "tone.m4a", 0.3);
    testing::write_film(folder / "film.mp4", {.times = {0, 1, 2, 4}, .sound = folder / "tone.m4a"});
    remember_files();
  }

  testing::Finished fast(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all{"fast", "--style", "rocks"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run(all);
  }

  // The pictures of a film that a command wrote, which is then removed.
  std::vector<Tensor> pictures(const testing::Finished& finished, const std::string& file) const {
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    std::vector<Tensor> all;
    {
      FilmReader film(folder / file);
      while (auto frame = film.next()) all.push_back(frame->picture);
    }
    fs::remove(folder / file);
    return all;
  }
};

bool differ(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  EXPECT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].to_vector<float>() != b[i].to_vector<float>()) return true;
  }
  return false;
}

TEST_F(FilmCommand, fast_paints_every_picture_and_keeps_the_sound) {
  const auto finished = fast({"film.mp4", "-o", "out.mp4"});
  expect_wrote(finished, {"out.mp4"});
  EXPECT_NE(finished.err.find("out.mp4: 4 pictures of 64 x 48"), std::string::npos) << finished.err;
  FilmReader film(folder / "out.mp4");
  EXPECT_EQ(film.info().frames, 4);
  const double tick =
      static_cast<double>(film.info().tick.numerator) / static_cast<double>(film.info().tick.denominator);
  for (const double seconds : {0.0, 0.04, 0.08, 0.16}) {
    const auto frame = film.next();
    ASSERT_TRUE(frame.has_value());
    EXPECT_NEAR(static_cast<double>(frame->time) * tick, seconds, 1e-3);
  }
  EXPECT_TRUE(testing::sound_packets(folder / "out.mp4") == testing::sound_packets(folder / "film.mp4"));
}

TEST_F(FilmCommand, options_change_the_film) {
  const auto plain = pictures(fast({"film.mp4", "-o", "out.mp4"}), "out.mp4");
  EXPECT_FALSE(differ(plain, pictures(fast({"film.mp4", "-o", "out.mp4"}), "out.mp4")));
  for (const std::vector<std::string>& option :
       std::vector<std::vector<std::string>>{{"--smooth", "0"},
                                             {"--crf", "40"},
                                             {"--strength", "0.4"},
                                             {"--preserve-color"},
                                             {"--style", "window:0.5"}}) {
    std::vector<std::string> arguments{"film.mp4", "-o", "out.mp4"};
    arguments.insert(arguments.end(), option.begin(), option.end());
    EXPECT_TRUE(differ(plain, pictures(fast(arguments), "out.mp4"))) << option[0];
  }
  const auto small = pictures(fast({"film.mp4", "-o", "out.mkv", "--size", "32"}), "out.mkv");
  ASSERT_EQ(small.size(), 4u);
  EXPECT_EQ(small[0].size(2), 32);
  EXPECT_EQ(small[0].size(1), 24);
}

TEST_F(FilmCommand, knows_a_film_by_its_content_and_takes_it_from_a_folder) {
  fs::create_directories(folder / "holiday");
  fs::rename(folder / "film.mp4", folder / "film");
  remember_files();
  expect_wrote(fast({"film", "-o", "out.mp4"}), {"out.mp4"});
  fs::copy_file(folder / "film", folder / "holiday" / "beach.mp4");
  fs::copy_file(folder / "photo.png", folder / "holiday" / "town.png");
  expect_wrote(fast({"holiday", "-o", "painted"}), {"out.mp4", "painted"});
  EXPECT_TRUE(fs::exists(folder / "painted/beach.mp4"));
  EXPECT_TRUE(fs::exists(folder / "painted/town.png"));
}

TEST_F(FilmCommand, json_is_an_object_for_each_picture) {
  const auto finished = fast({"film.mp4", "-o", "out.mp4", "--json"});
  expect_wrote(finished, {"out.mp4"});
  EXPECT_EQ(finished.err, "");
  std::istringstream lines(finished.out);
  std::string line;
  int step = 0;
  while (std::getline(lines, line)) {
    const auto json = nlohmann::json::parse(line);
    EXPECT_EQ(json["step"], ++step);
    EXPECT_EQ(json["total"], 4);
    EXPECT_TRUE(json["seconds"].is_number());
  }
  EXPECT_EQ(step, 4);
}

TEST_F(FilmCommand, adain_paints_a_film_in_a_style_or_a_mixture) {
  const std::vector<std::string> common{"--size", "48", "-o", "out.mp4"};
  const auto adain = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"adain", "film.mp4"});
    arguments.insert(arguments.end(), common.begin(), common.end());
    return pictures(run(arguments), "out.mp4");
  };
  const auto plain = adain({"waves.png"});
  ASSERT_EQ(plain.size(), 4u);
  EXPECT_EQ(plain[0].size(2), 48);
  EXPECT_EQ(plain[0].size(1), 36);
  EXPECT_FALSE(differ(plain, adain({"waves.png", "petals.png", "--style-weights", "1,0"})));
  EXPECT_TRUE(differ(plain, adain({"waves.png", "petals.png"})));
  EXPECT_TRUE(differ(plain, adain({"waves.png", "--mask", "photo.png"})));
  EXPECT_TRUE(differ(plain, adain({"waves.png", "--preserve-color"})));
  EXPECT_TRUE(differ(plain, adain({"waves.png", "--smooth", "0"})));
  const auto encode = run({"style", "encode", "waves.png", "--style-size", "48", "-o", "waves.style"});
  EXPECT_EQ(encode.exit_code, 0) << encode.err;
  EXPECT_FALSE(differ(plain, adain({"waves.style"})));
}

TEST_F(FilmCommand, stylize_takes_films_too) {
  expect_wrote(run({"stylize", "film.mp4", "waves.png", "--size", "48", "-o", "out.mp4"}), {"out.mp4"});
  fs::remove(folder / "out.mp4");
  expect_refused(run({"stylize", "film.mp4", "waves.png", "-o", "out.mp4", "--quality", "best"}), 2,
                 {"--quality best"});
  expect_refused(run({"stylize", "photo.png", "waves.png", "-o", "out.png", "--crf", "20"}), 2,
                 {"--crf: is for films"});
}

TEST_F(FilmCommand, refuses_what_makes_no_sense) {
  expect_refused(fast({"film.mp4", "-o", "out.avi"}), 2, {"out.avi", ".mp4, .m4v, .mov or .mkv"});
  expect_refused(fast({"film.mp4", "-o", "out.png"}), 2, {"out.png", "a film's name must end in"});
  expect_refused(fast({"photo.png", "-o", "out.mp4"}), 2, {"out.mp4", ".png, .jpg or .jpeg"});
  expect_refused(fast({"film.mp4", "-o", "-"}), 2, {"a film needs a file"});
  expect_refused(fast({"film.mp4", "-o", "film.mp4"}), 2, {"film.mp4", "would replace a file that is read"});
  expect_refused(fast({"film.mp4", "-o", "none/out.mp4"}), 1, {"the folder does not exist"});
  expect_refused(fast({"photo.png", "-o", "out.png", "--smooth", "0.5"}), 2, {"--smooth: is for films"});
  expect_refused(fast({"film.mp4", "-o", "out.mp4", "--smooth", "1.5"}), 2, {"--smooth"});
  expect_refused(fast({"tone.m4a", "-o", "out.mp4"}), 1, {"tone.m4a: a film without pictures"});
  expect_refused(run({"adain", "film.mp4", "waves.png", "-o", "out.png"}), 2, {"a film's name must end in"});
  expect_refused(run({"adain", "film.mp4", "waves.png", "-o", "out.mp4", "--report"}), 2, {"--report"});
  expect_refused(run({"adain", "film.mp4", "waves.png", "-o", "film.mp4"}), 2, {"would overwrite film.mp4"});
  write("broken.mp4", read("film.mp4").substr(0, 300));
  write("text.mkv", "no film");
  remember_files();
  expect_refused(fast({"broken.mp4", "-o", "out.mp4"}), 1, {"broken.mp4: cannot be read as a film"});
  expect_refused(run({"adain", "text.mkv", "waves.png", "-o", "out.mp4"}), 1,
                 {"text.mkv: cannot be read as a film"});
}

TEST_F(FilmCommand, says_what_sound_is_lost) {
  testing::write_plain_tone(folder / "tone.wav", 0.3);
  testing::write_film(folder / "plain.mkv", {.sound = folder / "tone.wav"});
  remember_files();
  const auto mp4 = fast({"plain.mkv", "-o", "out.mp4"});
  expect_wrote(mp4, {"out.mp4"});
  EXPECT_NE(mp4.err.find("nst: warning: plain.mkv: its sound (pcm_s16le) does not fit"), std::string::npos)
      << mp4.err;
  const auto mkv = fast({"plain.mkv", "-o", "out.mkv"});
  expect_wrote(mkv, {"out.mkv", "out.mp4"});
  EXPECT_EQ(mkv.err.find("warning"), std::string::npos) << mkv.err;
}

TEST_F(FilmCommand, ctrl_c_leaves_nothing) {
  std::vector<int64_t> times;
  for (int64_t t = 0; t < 500; ++t) times.push_back(t);
  testing::write_film(folder / "long.mp4", {.times = times});
  write("out.mp4", "old");
  remember_files();
  testing::NstProcess process({"fast", "long.mp4", "--style", "rocks", "-o", "out.mp4", "--json"},
                              {.folder = folder.path()});
  EXPECT_TRUE(process.wait_for("{\"step\":3,"));
  process.send(SIGINT);
  const auto finished = process.wait();
  EXPECT_EQ(finished.exit_code, 130) << finished.err;
  EXPECT_NE(finished.err.find("of 500 pictures of long.mp4; nothing was written"), std::string::npos)
      << finished.err;
  EXPECT_EQ(new_files(), std::vector<std::string>());
  EXPECT_EQ(read("out.mp4"), "old");
}

TEST_F(FilmCommand, a_full_disk_leaves_nothing) {
  const auto finished =
      run({"fast", "film.mp4", "--style", "rocks", "-o", "out.mp4", "--quiet"}, {.max_file_bytes = 900});
  expect_refused(finished, 1, {"out.mp4: cannot write: File too large"});
}

}  // namespace
}  // namespace nst
