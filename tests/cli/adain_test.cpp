// `nst adain`, `nst style encode`, `nst stylize` and `nst train adain` from the command line.
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "nst/image.h"
#include "tests/cli/run_nst.h"
#include "tests/support.h"

namespace nst {
namespace {

namespace fs = std::filesystem;

class AdainCommand : public testing::CommandTest {
 protected:
  AdainCommand() {
    for (const char* name : {"waves.png", "petals.png"}) {
      fs::copy_file(std::string(NST_SOURCE_DIR) + "/examples/styles/" + name, folder / name);
    }
    remember_files();
  }
  testing::Finished adain(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all{"adain", "photo.png", "waves.png", "--size", "40", "-o", "out.png"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run(all);
  }
  // The picture of another run of the same, as bytes.
  std::string painted(const std::vector<std::string>& arguments) const {
    const auto finished = run(arguments);
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    const std::string bytes = read("out.png");
    fs::remove(folder / "out.png");
    return bytes;
  }
  void expect_size(const std::string& file, int64_t width, int64_t height) const {
    const ImageInfo info = describe_image(folder / file);
    EXPECT_EQ(info.width, width);
    EXPECT_EQ(info.height, height);
  }
};

TEST_F(AdainCommand, paints_with_the_network_it_brings) {
  expect_wrote(adain({}), {"out.png"});
  expect_size("out.png", 40, 30);
}

TEST_F(AdainCommand, size_0_is_the_photographs_own) {
  expect_wrote(run({"adain", "photo.png", "waves.png", "--size", "0", "-o", "out.jpg"}), {"out.jpg"});
  expect_size("out.jpg", 40, 30);
}

TEST_F(AdainCommand, options_change_the_picture) {
  const std::vector<std::string> plain{"adain", "photo.png", "waves.png", "--size", "40", "-o", "out.png"};
  const std::string picture = painted(plain);
  testing::write_picture(folder / "mask.png", 30, 40);
  for (const std::vector<std::string>& option :
       std::vector<std::vector<std::string>>{{"--alpha", "0.3"},
                                             {"--style-size", "100"},
                                             {"--preserve-color"},
                                             {"--wct"},
                                             {"--mask", "mask.png"}}) {
    auto arguments = plain;
    arguments.insert(arguments.end(), option.begin(), option.end());
    EXPECT_TRUE(painted(arguments) != picture) << option[0];
  }
}

TEST_F(AdainCommand, strips_change_nothing) {
  testing::write_picture(folder / "large.png", 120, 40);
  const auto picture = [&](const std::string& pixels) {
    const auto finished = run({"adain", "large.png", "waves.png", "--size", "0", "--style-size", "64", "-o",
                               "out.png", "--strip-pixels", pixels});
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    return load_image(folder / "out.png");
  };
  EXPECT_CLOSE(picture("1000"), picture("0"), 1.01 / 255);
}

TEST_F(AdainCommand, mixes_styles) {
  const std::vector<std::string> both{"adain",  "photo.png", "waves.png", "petals.png",
                                      "--size", "40",        "-o",        "out.png"};
  auto weighted = both;
  weighted.insert(weighted.end(), {"--style-weights", "1,0"});
  const std::string one = painted({"adain", "photo.png", "waves.png", "--size", "40", "-o", "out.png"});
  EXPECT_TRUE(painted(both) != one);
  EXPECT_TRUE(painted(weighted) == one);
}

TEST_F(AdainCommand, an_encoded_style_is_as_good_as_the_painting) {
  expect_wrote(run({"style", "encode", "waves.png", "--style-size", "64", "-o", "waves.style"}),
               {"waves.style"});
  EXPECT_LT(fs::file_size(folder / "waves.style"), 4000u);
  const std::vector<std::string> rest{"--size", "40", "--style-size", "64", "-o", "out.png"};
  std::vector<std::string> from_file{"adain", "photo.png", "waves.style"},
      from_picture{"adain", "photo.png", "waves.png"};
  from_file.insert(from_file.end(), rest.begin(), rest.end());
  from_picture.insert(from_picture.end(), rest.begin(), rest.end());
  EXPECT_TRUE(painted(from_file) == painted(from_picture));
}

TEST_F(AdainCommand, folders_make_a_grid_or_a_folder) {
  for (const auto& [kind, file] :
       {std::pair{"photos", "photo.png"}, {"paintings", "waves.png"}, {"paintings", "petals.png"}}) {
    fs::create_directories(folder / kind);
    fs::copy_file(folder / file, folder / kind / file);
  }
  remember_files();
  expect_wrote(run({"adain", "photos", "paintings", "--size", "40", "-o", "grid.png"}), {"grid.png"});
  EXPECT_GT(describe_image(folder / "grid.png").width, 120);
  remember_files();
  expect_wrote(run({"adain", "photos", "paintings", "--size", "40", "-o", "results"}), {"results"});
  EXPECT_TRUE(fs::exists(folder / "results/photo_waves.png"));
  EXPECT_TRUE(fs::exists(folder / "results/photo_petals.png"));
}

TEST_F(AdainCommand, report_needs_a_vgg_and_measures) {
  expect_wrote(adain({"--report", "--report-vgg", testing::small_vgg_file().string()}),
               {"out.json", "out.png"});
  const auto json = nlohmann::json::parse(read("out.json"));
  EXPECT_GT(json["psnr_at_alpha_0"], 10);
  EXPECT_GT(json["statistics_errors"]["waves"]["relu1_1"]["mean"], 0);
  EXPECT_TRUE(json["statistics_errors"]["waves"].contains("relu2_1"));
}

TEST_F(AdainCommand, refuses_what_makes_no_sense) {
  expect_refused(run({"adain", "photo.png", "waves.png", "-o", "out.bmp"}), 2, {"out.bmp"});
  expect_refused(run({"adain", "photo.png", "waves.png", "-o", "photo.png"}), 2, {"would overwrite"});
  expect_refused(run({"adain", "nothing.png", "waves.png", "-o", "out.png"}), 1, {"nothing.png"});
  expect_refused(adain({"--mask", "photo.png", "--mask", "photo.png"}), 2, {"2 of --mask for 1 styles"});
  expect_refused(adain({"--style-weights", "1,2"}), 2, {"2 of --style-weights for 1 styles"});
  expect_refused(adain({"--alpha", "nan"}), 2, {"--alpha"});
  expect_refused(adain({"--encoder", "photo.png"}), 2, {"--encoder and --decoder go together"});
  expect_refused(adain({"--model", "photo.png"}), 1, {"photo.png", "not a weight file"});
  expect_refused(adain({"--report"}), 1, {"vgg16"});
  write("damaged.png", "\x89PNG\r\n");
  remember_files();
  expect_refused(run({"adain", "photo.png", "damaged.png", "-o", "out.png"}), 1, {"damaged.png"});
}

TEST_F(AdainCommand, stylize_takes_two_pictures) {
  expect_wrote(run({"stylize", "photo.png", "waves.png", "--size", "40", "-o", "out.png"}), {"out.png"});
  expect_size("out.png", 40, 30);
  fs::remove(folder / "out.png");
  expect_refused(run({"stylize", "photo.png", "waves.png", "-o", "out.png", "--quality", "best"}), 1,
                 {"nst weights get vgg16"});
  expect_refused(run({"stylize", "photo.png", "waves.png", "-o", "waves.png"}), 2, {"would overwrite"});
}

class TrainAdain : public AdainCommand {
 protected:
  TrainAdain() {
    fs::create_directories(folder / "photos");
    fs::create_directories(folder / "paintings");
    for (int i = 0; i < 2; ++i) {
      testing::write_picture(folder / "photos" / fmt::format("{}.png", i), 40 + i, 50);
    }
    fs::copy_file(folder / "waves.png", folder / "paintings" / "waves.png");
    remember_files();
  }
  std::vector<std::string> arguments(const std::string& out, int steps) const {
    return {"train",
            "adain",
            "--photos",
            "photos",
            "--styles",
            "paintings",
            "--network",
            "compact4",
            "--vgg",
            testing::small_vgg_file().string(),
            "--layers",
            "relu1_1,relu2_1",
            "--crop",
            "32",
            "--batch",
            "1",
            "--steps",
            std::to_string(steps),
            "--warmup",
            "0",
            "--identity-weight",
            "10",
            "--sample-size",
            "32",
            "--out",
            out};
  }
};

TEST_F(TrainAdain, an_interrupted_run_ends_as_an_unbroken_one) {
  expect_wrote(run(arguments("whole", 4)), {"whole"});
  remember_files();
  expect_wrote(run(arguments("parts", 2)), {"parts"});
  EXPECT_EQ(run({"train", "adain", "--resume", "parts", "--steps", "4"}).exit_code, 0);
  const std::string weights = read("whole/weights.safetensors");
  EXPECT_TRUE(weights == read("parts/weights.safetensors"));
  // And what was trained can be used.
  remember_files();
  expect_wrote(run({"adain", "photo.png", "waves.png", "--size", "40", "--model", "whole/weights.safetensors",
                    "-o", "out.png"}),
               {"out.png"});
}

TEST_F(TrainAdain, refuses_what_makes_no_sense) {
  auto unknown = arguments("run", 1);
  unknown[7] = "compact0";
  expect_refused(run(unknown), 2, {"'compact0' is no AdaIN network"});
  auto shallow = arguments("run", 1);
  shallow[11] = "relu1_1,relu4_1";
  expect_refused(run(shallow), 2, {"--vgg", "missing"});
  expect_refused(run({"train", "adain", "--photos", "photos", "--out", "run"}), 2, {"--styles is required"});
}

}  // namespace
}  // namespace nst
