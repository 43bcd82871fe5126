// `nst improved`, and the masks and tiles that it shares with `nst basic`, from the command line.
#include <cmath>
#include <nlohmann/json.hpp>

#include "nst/image.h"
#include "tests/cli/run_nst.h"
#include "tests/support.h"

namespace nst {
namespace {

using nlohmann::json;

constexpr int kFailure = 1, kUsage = 2;

class ImprovedCommand : public testing::CommandTest {
 protected:
  // A mask that is white in the left part of the picture.
  void write_mask(const std::string& file, double share, int64_t h = 30, int64_t w = 40) {
    std::vector<float> values(h * w * 3);
    for (int64_t i = 0; i < h * w * 3; ++i) {
      values[i] = i / 3 % w < static_cast<int64_t>(share * static_cast<double>(w)) ? 1.0f : 0.0f;
    }
    save_image(folder / file, Tensor::from<float>({1, h, w, 3}, values));
    remember_files();
  }
  Tensor picture(const std::string& file) const { return load_image(folder / file); }
};

TEST_F(ImprovedCommand, has_the_papers_defaults) {
  expect_wrote(improved({"--report", "--style-layers", "all", "--content-layers", "relu4_2", "--weights",
                         testing::whole_vgg_file(), "--iterations", "1"}),
               {"out.png", "out.json", "out.loss.csv", "out.loss.png"});
  const json record = json::parse(read("out.json"));
  EXPECT_EQ(record["method"], "improved");
  EXPECT_EQ(record["settings"]["style_layers"], json({"all"}));
  EXPECT_EQ(record["settings"]["layer_weights"], "shallow");
  EXPECT_EQ(record["settings"]["chain"], true);
  EXPECT_EQ(record["settings"]["blur"], true);
  EXPECT_EQ(record["settings"]["activation_shift"], -1);
}

TEST_F(ImprovedCommand, every_section_is_a_switch) {
  expect_wrote(improved(), {"out.png"});
  const std::string with_all = read("out.png");
  using Options = std::vector<std::string>;
  for (const auto& options :
       {Options{"--no-chain"}, Options{"--no-blur"}, Options{"--activation-shift", "0"},
        Options{"--layer-weights", "deep", "--style-layers", "relu1_1,relu1_2,relu2_1"}}) {
    expect_wrote(improved(options), {"out.png"});
    EXPECT_TRUE(read("out.png") != with_all) << options.front();
  }
  // Without all of them it is Basic.
  expect_wrote(improved({"--no-chain", "--no-blur", "--activation-shift", "0", "--layer-weights", "equal"}),
               {"out.png"});
  const std::string without = read("out.png");
  expect_wrote(basic(), {"out.png"});
  EXPECT_TRUE(read("out.png") == without);
  // And Basic can be told pairs one by one.
  expect_wrote(basic({"--style-layers", "relu2_1+relu1_1~2:0.5"}), {"out.png"});
  EXPECT_TRUE(read("out.png") != without);
}

TEST_F(ImprovedCommand, reproduces_titu1994) {
  const auto run =
      improved({"--compat", "titu1994", "--style-layers", "-", "--content-layers", "-", "--weights",
                testing::whole_vgg_file(), "--size", "32", "--iterations", "2", "--report"});
  expect_wrote(run, {"out.png", "out.json", "out.loss.csv", "out.loss.png"});
  const json settings = json::parse(read("out.json"))["settings"];
  EXPECT_EQ(settings["content_layers"], json({"relu5_2"}));
  EXPECT_EQ(settings["content_weight"], 0.025);
  EXPECT_EQ(settings["tv_weight"], 8.5e-5);
  EXPECT_EQ(settings["tv"], "titu1994");
  // Squeezed to a square within, and the photograph's shape again in the end.
  EXPECT_TRUE(run.err.starts_with("32 x 32 pixels")) << run.err;
  EXPECT_EQ(describe_image(folder / "out.png").width, 32);
  EXPECT_EQ(describe_image(folder / "out.png").height, 24);
}

TEST_F(ImprovedCommand, refuses_what_contradicts) {
  expect_refused(improved({"--compat", "titu1994"}), kUsage, {"--compat", "--style-layers"});
  expect_refused(improved({"--compat", "keras"}), kUsage, {"'keras' is not one of titu1994"});
  expect_refused(improved({"--layer-weights", "steep"}), kUsage, {"is not one of equal, shallow, deep"});
  expect_refused(improved({"--style-layers", "relu1_1"}), kUsage, {"needs two style layers"});
  expect_refused(improved({"--style-layers", "relu1_1,relu2_1+relu1_1"}), kUsage, {"not of correlations"});
  expect_refused(basic({"--style-layers", "relu2_1+relu1_1~x"}), kUsage, {"LAYER+LAYER~BLURS"});
  expect_refused(basic({"--style-layers", "all"}), kUsage, {"conv2_1", "relu5_3"});
}

TEST_F(ImprovedCommand, masks_that_do_not_fit) {
  write_mask("left.png", 0.5);
  write_mask("nothing.png", 0);
  expect_refused(basic({"--style-mask", "left.png", "--style-mask", "none"}), kUsage,
                 {"2 of --style-mask for 1 styles"});
  expect_refused(basic({"--style-mask", "nothing.png"}), kUsage, {"mask is empty"});
  expect_refused(basic({"--style-mask", "missing.png"}), kFailure, {"missing.png"});
  expect_refused(basic({"--style-mask", "left.png", "--out", "left.png"}), kUsage, {"would overwrite"});
}

TEST_F(ImprovedCommand, a_content_mask_and_a_guide_change_the_picture) {
  write_mask("left.png", 0.5);
  expect_wrote(basic({"--content-weight", "1000"}), {"out.png"});
  const std::string plain = read("out.png");
  for (const auto& options : {std::vector<std::string>{"--content-mask", "left.png"},
                              std::vector<std::string>{"--style-guide", "left.png"},
                              std::vector<std::string>{"--style-scale", "0.6"}}) {
    auto all = options;
    all.insert(all.end(), {"--content-weight", "1000"});
    expect_wrote(basic(all), {"out.png"});
    EXPECT_TRUE(read("out.png") != plain) << options.front();
  }
}

TEST_F(ImprovedCommand, colours_stay_where_the_mask_is_white) {
  write_mask("left.png", 0.5);
  const std::vector<std::string> more{"--optimiser", "adam", "--iterations", "5", "--feather", "0"};
  const auto run_with = [&](std::vector<std::string> options) {
    options.insert(options.end(), more.begin(), more.end());
    expect_wrote(basic(options), {"out.png"});
    return picture("out.png").to_vector<float>();
  };
  const auto plain = run_with({}), kept = run_with({"--preserve-color"}),
             half = run_with({"--color-mask", "left.png"});
  for (size_t i = 0; i < half.size(); ++i) EXPECT_EQ(half[i], i / 3 % 40 < 20 ? kept[i] : plain[i]) << i;
}

TEST_F(ImprovedCommand, the_result_may_have_the_photographs_size) {
  expect_wrote(basic({"--size", "24", "--original-size"}), {"out.png"});
  EXPECT_EQ(describe_image(folder / "out.png").width, 40);
  EXPECT_EQ(describe_image(folder / "out.png").height, 30);
}

TEST_F(ImprovedCommand, tiles_make_the_same_picture) {
  const std::vector<std::string> run{"--size", "80", "--optimiser", "adam"};
  for (const bool chained : {false, true}) {
    const auto with = [&](std::vector<std::string> options) {
      options.insert(options.end(), run.begin(), run.end());
      expect_wrote(chained ? improved(options) : basic(options), {"out.png"});
      return picture("out.png");
    };
    EXPECT_CLOSE(with({"--tile", "20"}), with({}), 1.5 / 255);
  }
}

TEST_F(ImprovedCommand, goes_through_scales) {
  expect_refused(basic({"--scales", "28,20"}), kUsage, {"--scales must grow"});
  expect_refused(basic({"--scales", "40"}), kUsage, {"--scales must grow"});
  const std::vector<std::string> options{"--size",    "40",  "--scales",    "20,28", "--iterations", "2",
                                         "--average", "0.5", "--optimiser", "adam",  "--report"};
  expect_wrote(basic(options), {"out.png", "out.json", "out.loss.csv", "out.loss.png"});
  EXPECT_EQ(json::parse(read("out.json"))["iterations"], 6);
  EXPECT_EQ(describe_image(folder / "out.png").width, 40);
}

TEST_F(ImprovedCommand, scales_have_iterations_of_their_own) {
  const auto with = [&](const std::string& scales, const std::string& iterations) {
    return basic({"--size", "40", "--scales", scales, "--scale-iterations", iterations, "--iterations", "2",
                  "--report"});
  };
  expect_refused(with("20,28", "3"), kUsage, {"1 numbers in --scale-iterations for 2 --scales"});
  expect_refused(with("20", "0"), kUsage, {"--scale-iterations"});
  expect_wrote(with("20,28", "3,1"), {"out.png", "out.json", "out.loss.csv", "out.loss.png"});
  EXPECT_EQ(json::parse(read("out.json"))["iterations"], 6);
}

TEST_F(ImprovedCommand, a_given_style_size_is_that_of_every_scale) {
  const auto first_loss = [&](std::vector<std::string> options) {
    options.insert(options.end(), {"--iterations", "1", "--report"});
    expect_wrote(basic(options), {"out.png", "out.json", "out.loss.csv", "out.loss.png"});
    const std::string table = read("out.loss.csv"), row = table.substr(table.find("\n1,"));
    return std::stod(row.substr(3));
  };
  const double alone = first_loss({"--size", "20", "--style-size", "40"});
  EXPECT_EQ(first_loss({"--size", "40", "--scales", "20", "--style-size", "40"}), alone);
  EXPECT_NE(first_loss({"--size", "40", "--scales", "20"}), alone);
}

TEST_F(ImprovedCommand, wasserstein_is_another_style_loss) {
  expect_refused(improved({"--style-loss", "wasserstein"}), kUsage, {"of single layers"});
  expect_wrote(basic({"--style-loss", "wasserstein", "--report"}),
               {"out.png", "out.json", "out.loss.csv", "out.loss.png"});
  EXPECT_GT(json::parse(read("out.json"))["loss"]["style"], 0);
}

TEST_F(ImprovedCommand, every_style_loss_has_its_usual_weight) {
  const auto weight = [&](std::vector<std::string> options) {
    options.insert(options.end(), {"--iterations", "1", "--report"});
    expect_wrote(basic(options), {"out.png", "out.json", "out.loss.csv", "out.loss.png"});
    return json::parse(read("out.json"))["settings"]["style_weight"].get<double>();
  };
  EXPECT_EQ(weight({}), 1);
  EXPECT_EQ(weight({"--style-loss", "wasserstein"}), 30);
  EXPECT_EQ(weight({"--style-loss", "histogram"}), 200);
  EXPECT_EQ(weight({"--style-loss", "histogram", "--style-weight", "3"}), 3);
}

TEST_F(ImprovedCommand, losses_that_sort_are_of_whole_pictures) {
  const std::vector<std::string> losses{"sliced_wasserstein", "histogram"};
  expect_refused(basic({"--style-loss", "sinkhorn"}), kUsage, {"is not one of"});
  for (const auto& loss : losses) {
    expect_refused(improved({"--style-loss", loss}), kUsage, {"of single layers"});
    expect_refused(basic({"--style-loss", loss, "--tile", "20"}), kUsage, {loss, "tile by tile"});
  }
  expect_wrote(basic(), {"out.png"});
  const std::string of_gram = read("out.png");
  for (const auto& loss : losses) {
    expect_wrote(basic({"--style-loss", loss, "--report"}),
                 {"out.png", "out.json", "out.loss.csv", "out.loss.png"});
    EXPECT_GT(json::parse(read("out.json"))["loss"]["style"], 0) << loss;
    EXPECT_TRUE(read("out.png") != of_gram) << loss;
  }
}

TEST_F(ImprovedCommand, content_layers_have_weights) {
  const std::vector<std::string> run{"--content-layers", "relu1_2,relu2_1", "--init", "noise", "--report"};
  const auto content_loss = [&](std::vector<std::string> options) {
    options.insert(options.end(), run.begin(), run.end());
    expect_wrote(improved(options), {"out.png", "out.json", "out.loss.csv", "out.loss.png"});
    return json::parse(read("out.json"))["loss"]["content"].get<double>();
  };
  expect_refused(improved({"--content-layer-weights", "steep"}), kUsage, {"is not one of"});
  EXPECT_NE(content_loss({"--content-layer-weights", "equal"}), content_loss({}));
}

TEST_F(ImprovedCommand, gradient_checkpointing_changes_no_picture) {
  expect_refused(basic({"--gradient-checkpointing", "9"}), kUsage, {"--gradient-checkpointing"});
  expect_wrote(basic(), {"out.png"});
  const std::string plain = read("out.png");
  expect_wrote(basic({"--gradient-checkpointing", "1"}), {"out.png"});
  EXPECT_TRUE(read("out.png") == plain);
  expect_wrote(improved(), {"out.png"});
  const Tensor chained = picture("out.png");
  expect_wrote(improved({"--gradient-checkpointing", "1"}), {"out.png"});
  EXPECT_CLOSE(picture("out.png"), chained, 1.5 / 255);
}

TEST_F(ImprovedCommand, a_run_that_does_not_fit_may_fit_in_tiles) {
  expect_refused(basic({"--size", "3000", "--optimiser", "adam", "--max-memory", "3"}), kFailure,
                 {"not enough memory", "--tile 512"});
}

TEST_F(ImprovedCommand, resumes_with_its_masks_and_its_method) {
  write_mask("left.png", 0.5);
  const std::vector<std::string> options{"--style-mask", "left.png", "--save-every", "2"};
  auto whole = options;
  whole.insert(whole.end(), {"--iterations", "4", "--out", "whole.png"});
  improved(whole);
  improved(options);
  const auto resumed = run({"improved", "--resume", "out.checkpoint.safetensors", "--iterations", "4"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_TRUE(read("out.png") == read("whole.png"));
  const auto other = run({"basic", "--resume", "out.checkpoint.safetensors"});
  EXPECT_EQ(other.exit_code, kUsage);
  EXPECT_NE(other.err.find("a checkpoint of nst improved"), std::string::npos) << other.err;
}

}  // namespace
}  // namespace nst
