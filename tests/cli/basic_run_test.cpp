// `nst basic` from the command line, where all goes well.
#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <sstream>

#include "nn/safetensors.h"
#include "nn/vgg_weights.h"
#include "nst/image.h"
#include "tensor/ops/total_variation.h"
#include "tests/cli/run_nst.h"
#include "tests/networks.h"

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

TEST_F(BasicCommand, verbose_tells_what_is_read) {
  const auto run = basic({"--verbose"});
  expect_wrote(run, {"out.png"});
  EXPECT_NE(run.err.find("photo.png: PNG, 40 x 30, 8 bits"), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("VGG-16 up to conv2_1, of which layers up to relu2_1 are used"), std::string::npos);
}

TEST_F(BasicCommand, estimates_the_memory_and_says_where_the_picture_is) {
  const auto run = basic();
  EXPECT_TRUE(run.err.starts_with("40 x 30 pixels; about 0.1 GB of memory needed, ")) << run.err;
  EXPECT_NE(run.err.find("\nabout 0:00 for 3 steps, as the second took 0."), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("\nout.png: 3 iterations in 0:0"), std::string::npos) << run.err;
}

// An option that changes the result, with both of two values giving a picture of their own.
class BasicOption : public BasicCommand, public ::testing::WithParamInterface<std::vector<std::string>> {};

TEST_P(BasicOption, changes_the_picture) {
  expect_wrote(basic(), {"out.png"});
  std::vector<std::string> arguments = GetParam();
  arguments.insert(arguments.end(), {"--out", "other.png"});
  expect_wrote(basic(arguments), {"other.png", "out.png"});
  expect_picture("other.png", 40, 30);
  EXPECT_TRUE(read("other.png") != read("out.png"));
}

using Options = std::vector<std::string>;
INSTANTIATE_TEST_SUITE_P(
    basic, BasicOption,
    ::testing::Values(
        Options{"--init", "noise"}, Options{"--init", "gray"}, Options{"--init", "style"},
        Options{"--init-image", "style.png"}, Options{"--init-noise", "0.5"}, Options{"--optimiser", "adam"},
        Options{"--optimizer", "adam", "--learning-rate", "3"}, Options{"--line-search", "strong_wolfe"},
        Options{"--learning-rate", "0.5"}, Options{"--lbfgs-history", "1"}, Options{"--iterations", "4"},
        Options{"--content-layers", "relu1_1", "--content-weight", "1000"},
        Options{"--content-layers", "relu2_1:1000,conv1_2:20"}, Options{"--style-layers", "relu1_2"},
        Options{"--style-layers", "relu1_1:3,relu2_1:0.1"}, Options{"--content-weight", "1000"},
        Options{"--style-weight", "0.01"}, Options{"--content-normalisation", "gatys"},
        Options{"--content-normalisation", "titu1994_type0"},
        Options{"--content-normalization", "titu1994_type1", "--content-weight", "1000"},
        Options{"--content-normalisation", "titu1994_type2", "--content-weight", "1000"},
        Options{"--style-normalisation", "gatys"}, Options{"--style-normalization", "neural_style"},
        Options{"--style-normalisation", "titu1994", "--content-weight", "1e6"},
        Options{"--tv-weight", "100"}, Options{"--pooling", "average"}, Options{"--first-padding", "reflect"},
        Options{"--first-padding", "replicate"}, Options{"--style-size", "20"}, Options{"--preserve-color"}),
    [](const auto& info) {
      std::string name;
      for (const auto& word : info.param) name += word + "_";
      std::ranges::replace_if(
          name, [](unsigned char c) { return !std::isalnum(c); }, '_');
      return name;
    });

TEST_F(BasicCommand, every_total_variation) {
  for (const auto variant : ops::tv_variant_names()) {
    expect_wrote(basic({"--tv", std::string(variant), "--tv-weight", "1", "--report", "--iterations", "1"}),
                 {"out.json", "out.loss.csv", "out.loss.png", "out.png"});
    EXPECT_GT(json::parse(read("out.json"))["loss"]["tv"], 0) << variant;
  }
}

TEST_F(BasicCommand, the_seed_decides_the_noise) {
  const auto with_seed = [&](const char* seed) {
    expect_wrote(basic({"--init", "noise", "--seed", seed}), {"out.png"});
    return read("out.png");
  };
  const std::string first = with_seed("1");
  EXPECT_EQ(with_seed("1"), first);
  EXPECT_NE(with_seed("2"), first);
}

TEST_F(BasicCommand, threads_do_not_change_the_picture) {
  expect_wrote(basic({"--threads", "1"}), {"out.png"});
  const std::string one = read("out.png");
  expect_wrote(basic({"--threads", "3"}), {"out.png"});
  EXPECT_EQ(read("out.png"), one);
}

TEST_F(BasicCommand, several_styles_with_weights) {
  testing::write_picture(folder / "wide.png", 20, 48);
  remember_files();
  const auto blend = [&](const std::vector<std::string>& arguments) {
    expect_wrote(basic(arguments), {"out.png"});
    return read("out.png");
  };
  const std::string alone = blend({});
  const std::string both = blend({"--style", "style.png", "--style", "wide.png"});
  EXPECT_NE(both, alone);
  EXPECT_EQ(blend({"--style", "style.png", "wide.png", "--style-blend", "2,2"}), both);
  EXPECT_NE(blend({"--style", "style.png", "--style", "wide.png", "--style-blend", "9,1"}), both);
  EXPECT_EQ(blend({"--style", "style.png", "--style", "wide.png", "--style-blend", "5,0"}), alone);
}

TEST_F(BasicCommand, keeps_the_colours_of_the_photograph) {
  expect_wrote(basic({"--preserve-color", "--style-weight", "100"}), {"out.png"});
  // The chroma of Rec. 601, which no clamping has touched in this picture's middle.
  const Tensor photo = load_image(folder / "photo.png"), out = load_image(folder / "out.png");
  const float *p = photo.data<float>() + (15 * 40 + 20) * 3, *o = out.data<float>() + (15 * 40 + 20) * 3;
  const auto luma = [](const float* rgb) { return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]; };
  EXPECT_NEAR(p[2] - luma(p), o[2] - luma(o), 0.02);
  EXPECT_NEAR(p[0] - luma(p), o[0] - luma(o), 0.02);
}

TEST_F(BasicCommand, saves_every_so_often_and_resumes_exactly) {
  for (const char* optimiser : {"lbfgs", "adam"}) {
    expect_wrote(basic({"--optimiser", optimiser, "--iterations", "7", "--out", "whole.png"}), {"whole.png"});
    expect_wrote(basic({"--optimiser", optimiser, "--iterations", "5", "--save-every", "2"}),
                 {"out.00002.png", "out.00004.png", "out.checkpoint.safetensors", "out.png", "whole.png"});
    EXPECT_NE(read("out.png"), read("whole.png"));
    const auto resumed =
        run({"basic", "--resume", "out.checkpoint.safetensors", "--iterations", "7", "--report"});
    EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
    EXPECT_EQ(read("out.png"), read("whole.png")) << optimiser;
    EXPECT_EQ(json::parse(read("out.json"))["iterations"], 7);
    for (const auto& file : new_files()) std::filesystem::remove(folder / file);
  }
}

TEST_F(BasicCommand, a_resumed_run_can_go_elsewhere_but_not_change) {
  expect_wrote(basic({"--save-every", "1"}),
               {"out.00001.png", "out.00002.png", "out.checkpoint.safetensors", "out.png"});
  remember_files();
  const std::vector<std::string> resume{"basic", "--resume", "out.checkpoint.safetensors"};
  auto arguments = resume;
  arguments.insert(arguments.end(), {"--out", "more.jpg", "--iterations", "5", "--save-every", "0"});
  expect_wrote(run(arguments), {"more.jpg"});
  remember_files();
  arguments = resume;
  arguments.insert(arguments.end(), {"--style-weight", "2"});
  expect_refused(run(arguments), 2, {"--style-weight is part of the checkpoint"});
}

TEST_F(BasicCommand, stops_when_it_no_longer_improves) {
  const auto run = basic({"--iterations", "400", "--min-improvement", "50", "--report"});
  expect_wrote(run, {"out.json", "out.loss.csv", "out.loss.png", "out.png"});
  const json record = json::parse(read("out.json"));
  EXPECT_LT(record["iterations"], 400);
  EXPECT_NE(record["end"].get<std::string>().find("less than 50%"), std::string::npos) << record["end"];
}

TEST_F(BasicCommand, one_pixel_is_a_picture) {
  testing::write_picture(folder / "pixel.png", 1, 1);
  remember_files();
  expect_wrote(basic({"--content", "pixel.png"}), {"out.png"});
  expect_picture("out.png", 40, 40);
  expect_wrote(basic({"--style", "pixel.png"}), {"out.png"});
  expect_picture("out.png", 40, 30);
}

TEST_F(BasicCommand, what_stood_at_out_is_replaced) {
  write("out.png", "an older picture");
  expect_wrote(basic(), {"out.png"});
  expect_picture("out.png", 40, 30);
}

TEST_F(BasicCommand, the_defaults_need_no_option) {
  // All of VGG-16 that they use, in half precision: 15 MB.
  const nn::VggWeights weights{.state = testing::random_vgg_weights(16, "conv5_1"),
                               .depth = 16,
                               .deepest = "conv5_1",
                               .preprocessing = nn::kCaffePreprocessing};
  nn::write_safetensors(folder / "vgg16.safetensors", weights.state,
                        {.metadata = nn::vgg_metadata(weights), .float16 = true});
  remember_files();
  const auto run =
      basic({"--weights", "-", "--content-layers", "-", "--style-layers", "-", "--iterations", "1"},
            {.environment = {"NST_WEIGHTS_DIR=" + folder.path().string()}});
  expect_wrote(run, {"out.png"});
}

}  // namespace
}  // namespace nst
