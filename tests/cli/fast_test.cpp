// `nst fast` on pictures. Films: film_test.cpp.

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "nst/image.h"
#include "tests/cli/run_nst.h"

namespace nst {
namespace {

namespace fs = std::filesystem;

class FastCommand : public testing::CommandTest {
 protected:
  testing::Finished fast(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all{"fast"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run(all);
  }

  // What a run with these arguments paints of photo.png.
  std::vector<float> painted(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"photo.png", "-o", "out.png"});
    expect_wrote(fast(arguments), {"out.png"});
    const Tensor picture = load_image(folder / "out.png");
    fs::remove(folder / "out.png");
    EXPECT_EQ(picture.shape(), Shape({1, 30, 40, 3}));
    return picture.to_vector<float>();
  }
};

// The largest difference, in levels of 255; infinite where there is a NaN or another size.
double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return INFINITY;
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double d = 255 * std::fabs(a[i] - b[i]);
    if (!(d <= largest)) largest = std::isnan(d) ? INFINITY : d;
  }
  return largest;
}

TEST_F(FastCommand, paints_in_every_style_that_it_lists) {
  const auto list = fast({"--list"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  std::vector<std::string> names;
  for (size_t at = 0; at < list.out.size(); at = list.out.find('\n', at) + 1) {
    names.push_back(list.out.substr(at, list.out.find('\n', at) - at));
  }
  ASSERT_GE(names.size(), 6u);
  std::vector<std::vector<float>> pictures{load_image(folder / "photo.png").to_vector<float>()};
  for (const auto& name : names) {
    const auto picture = painted({"--style", name});
    for (const auto& other : pictures) EXPECT_GT(largest_difference(picture, other), 10) << name;
    pictures.push_back(picture);
  }
}

TEST_F(FastCommand, blends_styles_by_weight) {
  const auto rocks = painted({"--style", "rocks"}), window = painted({"--style", "window"});
  EXPECT_EQ(painted({"--style", "rocks:3", "--style", "window:0"}), rocks);
  const auto both = painted({"--style", "rocks", "--style", "window"});
  EXPECT_EQ(painted({"--style", "window:0.5", "--style", "rocks:0.5"}), both);
  EXPECT_GT(largest_difference(both, rocks), 5);
  EXPECT_GT(largest_difference(both, window), 5);
}

TEST_F(FastCommand, strength_goes_from_the_photograph_to_the_painting) {
  const auto photo = load_image(folder / "photo.png").to_vector<float>();
  const auto whole = painted({"--style", "rocks"}), half = painted({"--style", "rocks", "--strength", "0.5"});
  EXPECT_EQ(painted({"--style", "rocks", "--strength", "0"}), photo);
  std::vector<float> mean(photo.size());
  for (size_t i = 0; i < photo.size(); ++i) mean[i] = (photo[i] + whole[i]) / 2;
  EXPECT_LE(largest_difference(half, mean), 1.01);
}

TEST_F(FastCommand, preserve_color_keeps_the_photographs) {
  const auto plain = painted({"--style", "rocks"}), kept = painted({"--style", "rocks", "--preserve-color"});
  const auto photo = load_image(folder / "photo.png").to_vector<float>();
  const auto chroma_error = [&](const std::vector<float>& picture) {
    double sum = 0;
    for (size_t i = 0; i < photo.size(); i += 3) {
      sum += std::fabs((picture[i] - picture[i + 2]) - (photo[i] - photo[i + 2]));
    }
    return sum;
  };
  EXPECT_LT(chroma_error(kept), 0.5 * chroma_error(plain));
  // As a whole: the mean colour is the photograph's, but for what was clamped.
  const auto mean = [](const std::vector<float>& picture) {
    double sum = 0;
    for (const float v : picture) sum += v;
    return sum / static_cast<double>(picture.size());
  };
  const auto coral = painted({"--style", "rocks", "--preserve-color=coral"});
  EXPECT_NEAR(mean(coral), mean(photo), 0.02);
  EXPECT_NE(coral, kept);
}

TEST_F(FastCommand, strips_change_nothing) {
  testing::write_picture(folder / "large.png", 190, 150);
  remember_files();
  const auto paint = [&](const std::string& pixels) {
    expect_wrote(fast({"large.png", "-o", "out.png", "--style", "rocks", "--strip-pixels", pixels}),
                 {"out.png"});
    const auto picture = load_image(folder / "out.png").to_vector<float>();
    fs::remove(folder / "out.png");
    return picture;
  };
  EXPECT_LE(largest_difference(paint("0"), paint("6000")), 1.01);
}

TEST_F(FastCommand, size_is_the_longest_side) {
  expect_wrote(fast({"photo.png", "-o", "out.jpg", "--style", "rocks", "--size", "64"}), {"out.jpg"});
  const ImageInfo info = describe_image(folder / "out.jpg");
  EXPECT_EQ(info.format, "JPEG");
  EXPECT_EQ(info.width, 64);
  EXPECT_EQ(info.height, 48);
}

TEST_F(FastCommand, paints_folders_and_goes_on_after_a_bad_picture) {
  fs::create_directories(folder / "holiday");
  fs::copy_file(folder / "photo.png", folder / "holiday" / "a.png");
  fs::copy_file(folder / "style.png", folder / "holiday" / "b.png");
  remember_files();
  expect_wrote(fast({"holiday", "-o", "painted", "--style", "rocks"}), {"painted"});
  EXPECT_TRUE(fs::exists(folder / "painted/a.png"));
  EXPECT_TRUE(fs::exists(folder / "painted/b.png"));
  write("holiday/a.png", "\x89PNG\r\n");
  fs::remove(folder / "painted/b.png");
  const auto run = fast({"holiday", "-o", "painted", "--style", "rocks"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_NE(run.err.find("nst: warning: holiday/a.png"), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("nst: 1 of 2 files failed"), std::string::npos) << run.err;
  EXPECT_TRUE(fs::exists(folder / "painted/b.png"));
}

TEST_F(FastCommand, reads_standard_input_and_writes_standard_output) {
  const auto expected = painted({"--style", "rocks"});
  const std::string command = "cd '" + folder.path().string() +
                              "' && OMP_NUM_THREADS=2 '" NST_EXECUTABLE
                              "' fast - -o - --style rocks < photo.png > piped.png";
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(load_image(folder / "piped.png").to_vector<float>(), expected);
}

TEST_F(FastCommand, refuses_what_makes_no_sense) {
  expect_refused(fast({"photo.png", "-o", "out.png", "--style", "nobody"}), 2,
                 {"no style 'nobody'", "rocks"});
  expect_refused(fast({"photo.png", "-o", "out.png"}), 2, {"--style or --network is required"});
  expect_refused(fast({"photo.png", "--style", "rocks"}), 2, {"--out is required"});
  expect_refused(fast({"-o", "out.png", "--style", "rocks"}), 2, {"no picture"});
  expect_refused(fast({"photo.png", "-o", "photo.png", "--style", "rocks"}), 2, {"would replace"});
  expect_refused(fast({"photo.png", "-o", "out.bmp", "--style", "rocks"}), 2, {"out.bmp"});
  expect_refused(fast({"photo.png", "-o", "out.png", "--style", "rocks:-1"}), 2, {"must not be negative"});
  expect_refused(fast({"photo.png", "-o", "out.png", "--style", "rocks:0"}), 2, {"all weights are zero"});
  expect_refused(fast({"photo.png", "-o", "out.png", "--style", "rocks", "--strength", "nan"}), 2,
                 {"--strength"});
  expect_refused(fast({"photo.png", "-o", "out.png", "--style", "photo.png"}), 1, {"photo.png"});
  expect_refused(fast({"missing.png", "-o", "out.png", "--style", "rocks"}), 1,
                 {"missing.png: no such file"});
  expect_refused(fast({"photo.png", "style.png", "-o", "-", "--style", "rocks"}), 2, {"need a folder"});
}

}  // namespace
}  // namespace nst
