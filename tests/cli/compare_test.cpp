// `nst compare` from the command line.
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "nst/image.h"
#include "nst/loss_curve.h"
#include "tests/cli/run_nst.h"

namespace nst {
namespace {

namespace fs = std::filesystem;

constexpr int kFailure = 1, kUsage = 2, kInterrupted = 130;

class CompareCommand : public testing::CommandTest {
 protected:
  // nst compare --out grid OPTIONS..., then the arguments of basic() without --out.
  testing::Finished compare(const std::vector<std::string>& options,
                            const std::vector<std::string>& basic = {}) const {
    return run(compare_arguments(options, basic));
  }
  std::vector<std::string> compare_arguments(const std::vector<std::string>& options,
                                             const std::vector<std::string>& basic = {}) const {
    std::vector<std::string> arguments{"compare", "--out", "grid"}, method{"--out", "-"};
    method.insert(method.end(), basic.begin(), basic.end());
    arguments.insert(arguments.end(), options.begin(), options.end());
    for (const auto& word : basic_arguments(method)) arguments.push_back(word);
    return arguments;
  }
  std::vector<std::string> cells() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder / "grid" / "cells"))
      names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
  }
};

std::vector<std::string> lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> all;
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

TEST_F(CompareCommand, makes_every_cell_and_what_shows_them) {
  const auto finished =
      compare({"--vary", "style_weight=1,1e3", "--vary", "pooling=max,average", "--cell", "64"});
  expect_wrote(finished, {"grid"});
  EXPECT_EQ(finished.out, "");
  EXPECT_NE(finished.err.find("4/4  style-weight=1e3 pooling=average"), std::string::npos) << finished.err;
  EXPECT_EQ(cells().size(), 4u * 4);  // a picture, its report, and its curve twice
  const ImageInfo cell = describe_image(folder / "grid/cells/style-weight=1,pooling=max.png");
  EXPECT_EQ(cell.width, 40);
  // The settings are the cell's own.
  const auto report = nlohmann::json::parse(read("grid/cells/style-weight=1e3,pooling=average.json"));
  EXPECT_EQ(report["settings"]["style_weight"], 1000);
  EXPECT_EQ(report["settings"]["pooling"], "average");

  const auto csv = lines(read("grid/losses.csv"));
  ASSERT_EQ(csv.size(), 5u);
  EXPECT_EQ(csv[0], "style-weight,pooling,iterations,seconds,total,content,style,tv,end");
  EXPECT_TRUE(csv[1].starts_with("1,max,3,")) << csv[1];
  EXPECT_TRUE(csv[4].starts_with("1e3,average,3,")) << csv[4];
  EXPECT_TRUE(csv[4].ends_with(",all iterations done")) << csv[4];

  // Two columns of 64 pixels, and two rows.
  const ImageInfo sheet = describe_image(folder / "grid/sheet.png");
  EXPECT_GT(sheet.width, 128);
  EXPECT_LT(sheet.width, 200);
  EXPECT_GT(sheet.height, 2 * 48);
  const std::string page = read("grid/index.html");
  EXPECT_NE(page.find("style-weight=1e3 pooling=average"), std::string::npos);
  EXPECT_NE(page.find("3 iterations in 0:0"), std::string::npos);
}

TEST_F(CompareCommand, a_second_run_makes_only_what_is_missing) {
  expect_wrote(compare({"--vary", "style_weight=1,10"}), {"grid"});
  const auto made = [&](const std::string& cell) {
    return fs::last_write_time(folder / "grid/cells" / cell);
  };
  const auto first = made("style-weight=1.png");
  const auto again = compare({"--vary", "style_weight=1,10"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_NE(again.err.find("2 of 2 cells are done already"), std::string::npos) << again.err;
  EXPECT_EQ(made("style-weight=1.png"), first);
  // Another value: the others stay. Another argument: nothing does.
  const auto more = compare({"--vary", "style_weight=1,10,100"});
  EXPECT_NE(more.err.find("2 of 3 cells are done already"), std::string::npos) << more.err;
  EXPECT_EQ(made("style-weight=1.png"), first);
  const auto other = compare({"--vary", "style_weight=1,10,100"}, {"--iterations", "2"});
  EXPECT_EQ(other.err.find("done already"), std::string::npos) << other.err;
  EXPECT_NE(made("style-weight=1.png"), first);
  // A picture that is gone is made again.
  fs::remove(folder / "grid/cells/style-weight=10.png");
  const auto repaired = compare({"--vary", "style_weight=1,10,100"}, {"--iterations", "2"});
  EXPECT_NE(repaired.err.find("2 of 3 cells are done already"), std::string::npos) << repaired.err;
  EXPECT_TRUE(fs::exists(folder / "grid/cells/style-weight=10.png"));
}

TEST_F(CompareCommand, values_with_commas_and_files) {
  testing::write_picture(folder / "other.png", 32, 24);
  remember_files();
  expect_wrote(compare({"--vary", "style_layers=relu1_1;relu1_1,relu2_1:0.5", "--vary",
                        "style=./style.png,other.png", "--sheet", "jpg"},
                       {"--style-layers", "-", "--style", "-"}),
               {"grid"});
  const auto csv = lines(read("grid/losses.csv"));
  ASSERT_EQ(csv.size(), 5u);
  EXPECT_TRUE(csv[2].starts_with("\"relu1_1,relu2_1:0.5\",./style.png,")) << csv[2];
  EXPECT_EQ(describe_image(folder / "grid/sheet.jpg").format, "JPEG");
}

TEST_F(CompareCommand, a_method_without_a_report) {
  const auto finished = run({"compare", "--out", "grid", "--vary", "method=coral,mk", "--vary",
                             "space=rgb,oklab", "colour", "photo.png", "style.png"});
  expect_wrote(finished, {"grid"});
  EXPECT_EQ(cells().size(), 4u);
  EXPECT_EQ(lines(read("grid/losses.csv"))[2], "mk,rgb");
}

TEST_F(CompareCommand, ctrl_c_leaves_what_is_done) {
  const auto arguments = compare_arguments({"--vary", "iterations=2,1000000"}, {"--iterations", "-"});
  testing::StartOptions options;
  options.folder = folder.path();
  testing::NstProcess process(arguments, options);
  ASSERT_TRUE(process.wait_for("1/2  iterations=2"));
  process.send(SIGINT);
  const auto finished = process.wait();
  EXPECT_EQ(finished.exit_code, kInterrupted) << finished.err;
  EXPECT_NE(finished.err.find("nst: stopped after 1 of 2 cells; the same command goes on"), std::string::npos)
      << finished.err;
  EXPECT_FALSE(fs::exists(folder / "grid/sheet.png"));
  const auto again = compare({"--vary", "iterations=2,3"}, {"--iterations", "-"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_NE(again.err.find("1 of 2 cells are done already"), std::string::npos) << again.err;
}

TEST_F(CompareCommand, refuses_before_anything_is_made) {
  const auto refuses = [&](const std::string& vary, const std::vector<std::string>& parts,
                           const std::vector<std::string>& basic = {}) {
    expect_refused(compare({"--vary", vary}, basic), kUsage, parts);
  };
  refuses("stile_weight=1,2", {"nst basic has no option --stile-weight"});
  refuses("style_weight=", {"'style_weight='", "the list is empty"});
  refuses("style_weight", {"no setting is named"});
  refuses("style_weight=1,1", {"a value comes twice"});
  refuses("out=a.png,b.png", {"--out cannot be varied"});
  refuses("report=true,false", {"--report cannot be varied"});
  refuses("pooling=max,median", {"--pooling: 'median' is not one of max, average"});
  refuses("size=40,50", {"--size is varied and given"});
  refuses("style_weight=1,2", {"--resume is not for a comparison"}, {"--resume", "x.safetensors"});
  std::string many = "seed=0";
  for (int i = 1; i <= 256; ++i) many.append(",").append(std::to_string(i));
  refuses(many, {"a grid of 257 cells; at most 256"});
  expect_refused(compare({}), kUsage, {"--vary is required"});
  expect_refused(compare({"--vary", "seed=1,2", "--vary", "seed=3"}), kUsage, {"'seed' is varied twice"});
  expect_refused(compare({"--vary", "seed=1,2", "--cell", "10"}), kUsage, {"--cell"});
  expect_refused(run({"compare", "--out", "grid", "--vary", "a=1"}), kUsage, {"compare: which command?"});
  for (const std::string command : {"basics", "info", "compare", "profile"}) {
    expect_refused(run({"compare", "--out", "grid", "--vary", "a=1", command}), kUsage,
                   {"'" + command + "' is no command that makes a picture"});
  }
  expect_refused(run({"compare", "--out", "grid", "--vary", "pooling=max", "basic", "--out", "x.png"}),
                 kUsage, {"--out belongs before 'basic'"});
}

TEST_F(CompareCommand, refuses_a_folder_that_is_something_else) {
  fs::create_directory(folder / "grid");
  write("grid/compare.json", "{}");
  const auto finished = compare({"--vary", "style_weight=1,2"});
  EXPECT_EQ(finished.exit_code, kFailure);
  EXPECT_NE(finished.err.find("compare.json: not written by nst compare"), std::string::npos) << finished.err;
  write("file", "");
  remember_files();
  expect_refused(run({"compare", "--out", "file", "--vary", "method=mk", "colour", "photo.png", "style.png"}),
                 kFailure, {"file"});
}

TEST_F(CompareCommand, a_cell_that_fails_is_named_by_its_error) {
  const auto finished = compare({"--vary", "content_layers=relu2_1,relu4_2"}, {"--content-layers", "-"});
  EXPECT_EQ(finished.exit_code, kUsage);
  EXPECT_NE(finished.err.find("content-layers=relu4_2"), std::string::npos) << finished.err;
  EXPECT_NE(finished.err.find("these weights end at conv2_1"), std::string::npos) << finished.err;
  EXPECT_EQ(cells().size(), 4u);  // the first stays, for the next run
}

}  // namespace
}  // namespace nst
