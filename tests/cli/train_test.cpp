// `nst train fast`, small: a few steps of a narrow network.
#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include "nst/image.h"
#include "nst/training/training_folder.h"
#include "nst/training/training_log.h"
#include "tests/cli/run_nst.h"

namespace nst {
namespace {

using testing::Finished;

class Train : public testing::CommandTest {
 protected:
  Train() {
    std::filesystem::create_directory(folder / "photos");
    for (int i = 0; i < 3; ++i)
      testing::write_picture(folder / ("photos/" + std::to_string(i) + ".png"), 20 + i, 24 - i);
    remember_files();
  }

  // An option among `more` takes the place of the default.
  std::vector<std::string> arguments(const std::string& out,
                                     const std::vector<std::string>& more = {}) const {
    const std::vector<std::pair<std::string, std::string>> defaults{{"--photos", "photos"},
                                                                    {"--style", "style.png"},
                                                                    {"--vgg", testing::small_vgg_file()},
                                                                    {"--content-layers", "relu2_1"},
                                                                    {"--style-layers", "relu1_2,relu2_1"},
                                                                    {"--width", "4"},
                                                                    {"--crop", "16"},
                                                                    {"--batch", "2"},
                                                                    {"--steps", "40"},
                                                                    {"--warmup", "5"},
                                                                    {"--sample-size", "16"},
                                                                    {"--sample-every", "10"},
                                                                    {"--checkpoint-every", "3"}};
    std::vector<std::string> all{"train", "fast", "--out", out, "--style", "photo.png"};
    for (const auto& [name, value] : defaults) {
      if (std::ranges::find(more, name) == more.end()) all.insert(all.end(), {name, value});
    }
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  std::vector<std::vector<std::pair<std::string, double>>> losses(const std::string& out) const {
    std::vector<std::vector<std::pair<std::string, double>>> all;
    for (const auto& step : read_training_log(folder / (out + "/log.jsonl"), 1000))
      all.push_back(step.losses);
    return all;
  }
};

TEST_F(Train, killed_ten_times_it_is_the_unbroken_run_to_the_bit) {
  ASSERT_EQ(run(arguments("whole")).exit_code, 0);
  std::mt19937 random(20);
  int kills = 0;
  bool started = false;
  for (int attempt = 0; attempt < 60 && kills < 10; ++attempt) {
    const auto command =
        started ? std::vector<std::string>{"train", "fast", "--resume", "killed"} : arguments("killed");
    testing::NstProcess process(command, {.folder = folder.path()});
    // Anywhere: while it reads, within a step, while it writes.
    std::this_thread::sleep_for(std::chrono::milliseconds(std::uniform_int_distribution(0, 400)(random)));
    process.send(SIGKILL);
    if (process.wait().exit_code == 0) break;  // it was quicker
    ++kills;
    started = !TrainingFolder(folder / "killed").checkpoints().empty();
    if (!started) std::filesystem::remove_all(folder / "killed");
  }
  RecordProperty("kills", kills);
  const Finished end =
      run(started ? std::vector<std::string>{"train", "fast", "--resume", "killed"} : arguments("killed"));
  ASSERT_EQ(end.exit_code, 0) << end.err;
  EXPECT_GT(kills, 0);
  EXPECT_EQ(losses("whole").size(), 40u);
  EXPECT_EQ(losses("killed"), losses("whole"));
  EXPECT_EQ(read("killed/weights.safetensors"), read("whole/weights.safetensors"));
}

TEST_F(Train, says_what_it_needs) {
  expect_refused(run({"train", "fast"}), 2, {"--photos is required"});
  expect_refused(run({"train", "fast", "--photos", "photos"}), 2, {"--style is required"});
  expect_refused(run({"train", "fast", "--photos", "photos", "--style", "style.png"}), 2,
                 {"--out is required"});
  expect_refused(run(arguments("out", {"--style-weights", "1"})), 2, {"1 of --style-weights for 2 styles"});
  expect_refused(run(arguments("out", {"--style-name", "a"})), 2, {"1 of --style-name for 2 styles"});
}

TEST_F(Train, refuses_what_it_cannot_read) {
  expect_refused(run(arguments("out", {"--photos", "nowhere"})), 1, {"nowhere: No such file or directory"});
  expect_refused(run(arguments("out", {"--style", "nothing.png"})), 1, {"nothing.png: no such file"});
  expect_refused(run(arguments("out", {"--style-layers", "relu3_1"})), 2, {"these weights end at conv2_1"});
  expect_refused(run({"train", "fast", "--resume", "nowhere"}), 1, {"nowhere: holds no checkpoint"});
}

TEST_F(Train, a_run_is_not_overwritten_and_goes_on_with_more_steps) {
  ASSERT_EQ(run(arguments("run", {"--steps", "4"})).exit_code, 0);
  const Finished again = run(arguments("run", {"--steps", "4"}));
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_NE(again.err.find("--out run: holds a run already; go on with --resume run"), std::string::npos)
      << again.err;
  const Finished changed = run({"train", "fast", "--resume", "run", "--crop", "17"});
  EXPECT_EQ(changed.exit_code, 2);
  EXPECT_NE(changed.err.find("--crop is part of the checkpoint"), std::string::npos) << changed.err;
  EXPECT_EQ(run({"train", "fast", "--resume", "run", "--steps", "6"}).exit_code, 0);
  EXPECT_EQ(losses("run").size(), 6u);
  testing::write_picture(folder / "photos/new.png", 20, 20);
  const Finished other = run({"train", "fast", "--resume", "run", "--steps", "8"});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_NE(other.err.find("photos: holds other pictures than when the run began"), std::string::npos)
      << other.err;
}

TEST_F(Train, goes_on_from_trained_weights_with_other_settings) {
  ASSERT_EQ(run(arguments("run")).exit_code, 0);
  ASSERT_EQ(
      run(arguments("next", {"--init", "run/weights.safetensors", "--crop", "20", "--steps", "4"})).exit_code,
      0);
  // What it had learnt is the first loss of the next run, on other crops.
  const auto first = losses("run").front().front().second, later = losses("next").front().front().second;
  EXPECT_LT(later, 0.8 * first);
  remember_files();
  const Finished wider = run(arguments("wider", {"--init", "run/weights.safetensors", "--width", "8"}));
  expect_refused(wider, 2, {"--init run/weights.safetensors: a network of other layers: c7s2-4,"});
  expect_refused(run(arguments("out", {"--init", "style.png"})), 1, {"style.png"});
}

TEST_F(Train, trains_a_network_given_as_layers) {
  const Finished finished = run(arguments("run", {"--network", "c3s2-4,R4,U2,c3s1-3", "--steps", "2"}));
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  remember_files();
  expect_refused(run(arguments("out", {"--network", "c3s2-4,U2,c3s1-4"})), 2,
                 {"--network: the last layer must have 3 channels"});
  expect_refused(run(arguments("out", {"--network", "quik"})), 2, {"quik"});
}

TEST_F(Train, counts_what_it_skips) {
  write("photos/broken.jpg", "nothing");
  const Finished finished = run(arguments("run", {"--steps", "4"}));
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_NE(finished.err.find("warning: 1 of 4 pictures could not be read and were skipped"),
            std::string::npos)
      << finished.err;
}

TEST_F(Train, ctrl_c_saves_and_says_how_to_go_on) {
  testing::NstProcess process(arguments("run", {"--steps", "100000", "--json"}), {.folder = folder.path()});
  EXPECT_TRUE(process.wait_for("{\"step\":3,"));
  process.send(SIGINT);
  const Finished stopped = process.wait();
  EXPECT_EQ(stopped.exit_code, 130);
  const size_t done = losses("run").size();
  EXPECT_NE(stopped.err.find("stopped after step " + std::to_string(done) + "; go on with --resume run"),
            std::string::npos)
      << stopped.err;
  EXPECT_EQ(TrainingFolder(folder / "run").checkpoints().back(), static_cast<int64_t>(done));
}

TEST_F(Train, sweeps_the_style_weight) {
  EXPECT_EQ(run(arguments("run", {"--steps", "4", "--sweep", "0.1,10", "--sweep-steps", "2"})).exit_code, 0);
  EXPECT_EQ(run(arguments("plain", {"--steps", "4"})).exit_code, 0);
  EXPECT_EQ(losses("run"), losses("plain"));
  EXPECT_EQ(describe_image(folder / "run/sweep/0.1.jpg").width,
            describe_image(folder / "run/sweep/10.jpg").width);
}

}  // namespace
}  // namespace nst
