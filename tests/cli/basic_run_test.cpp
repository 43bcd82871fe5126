// `nst basic` from the command line, where all goes well.
#include <nlohmann/json.hpp>

#include "nst/image.h"
#include "tests/cli/run_nst.h"

namespace nst {
namespace {

using nlohmann::json;

class BasicCommand : public testing::CommandTest {
 protected:
  void expect_picture(const std::string& file, int64_t width, int64_t height) const {
    const ImageInfo info = describe_image(folder / file);
    EXPECT_EQ(info.width, width);
    EXPECT_EQ(info.height, height);
    EXPECT_EQ(info.format, file.ends_with(".png") ? "PNG" : "JPEG");
  }
};

TEST_F(BasicCommand, writes_the_picture_and_nothing_else) {
  const auto run = basic();
  expect_wrote(run, {"out.png"});
  expect_picture("out.png", 40, 30);
  EXPECT_EQ(run.out, "");
  EXPECT_NE(run.err.find("3/3  loss"), std::string::npos) << run.err;
}

TEST_F(BasicCommand, writes_a_jpeg_of_another_size) {
  expect_wrote(basic({"--size", "64", "--style-size", "20", "--out", "out.jpg"}), {"out.jpg"});
  expect_picture("out.jpg", 64, 48);
}

TEST_F(BasicCommand, report_is_a_record_and_a_curve) {
  expect_wrote(basic({"--report", "--seed", "7", "--tv-weight", "0.001"}),
               {"out.png", "out.json", "out.loss.csv", "out.loss.png"});
  const json record = json::parse(read("out.json"));
  EXPECT_EQ(record["method"], "basic");
  EXPECT_EQ(record["settings"]["seed"], 7);
  EXPECT_EQ(record["settings"]["style_layers"], json({"relu1_1", "relu2_1"}));
  EXPECT_EQ(record["iterations"], 3);
  EXPECT_EQ(record["end"], "all iterations done");
  EXPECT_GT(record["loss"]["total"], 0);
  EXPECT_GT(record["loss"]["tv"], 0);
  EXPECT_TRUE(record["build"].contains("version"));
  const std::string csv = read("out.loss.csv");
  EXPECT_TRUE(csv.starts_with("iteration,total,content,style,tv,seconds\n1,")) << csv;
  EXPECT_EQ(std::ranges::count(csv, '\n'), 4);
  EXPECT_EQ(describe_image(folder / "out.loss.png").format, "PNG");
}

TEST_F(BasicCommand, json_is_one_object_per_step) {
  const auto run = basic({"--json"});
  expect_wrote(run, {"out.png"});
  EXPECT_EQ(run.err, "");
  std::istringstream lines(run.out);
  int step = 0;
  for (std::string line; std::getline(lines, line);) {
    const json object = json::parse(line);
    EXPECT_EQ(object["step"], ++step);
    EXPECT_EQ(object["total"], 3);
    EXPECT_TRUE(object["loss"].is_number());
  }
  EXPECT_EQ(step, 3);
}

TEST_F(BasicCommand, quiet_prints_nothing) {
  const auto run = basic({"--quiet"});
  expect_wrote(run, {"out.png"});
  EXPECT_EQ(run.out + run.err, "");
}

}  // namespace
}  // namespace nst
