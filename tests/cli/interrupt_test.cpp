// Ctrl-C during `nst basic`.
#include "nst/image.h"
#include "tests/cli/run_nst.h"

namespace nst {
namespace {

constexpr int kInterrupted = 130;

class Interrupt : public testing::CommandTest {
 protected:
  // Starts a run that would take hours and sends it a signal after a few iterations.
  testing::Finished interrupt(int signal, std::vector<std::string> arguments = {}) const {
    arguments.insert(arguments.end(), {"--json", "--iterations", "1000000"});
    testing::NstProcess process(basic_arguments(arguments), {.folder = folder.path()});
    EXPECT_TRUE(process.wait_for("{\"step\":3,"));
    process.send(signal);
    return process.wait();
  }
};

TEST_F(Interrupt, keeps_the_picture_and_says_how_to_go_on) {
  const auto run = interrupt(SIGINT);
  EXPECT_EQ(run.exit_code, kInterrupted);
  EXPECT_EQ(new_files(), (std::vector<std::string>{"out.checkpoint.safetensors", "out.png"}));
  EXPECT_TRUE(run.err.starts_with("nst: stopped after ")) << run.err;
  EXPECT_NE(run.err.find("out.png is the picture so far, go on with --resume out.checkpoint.safetensors"),
            std::string::npos)
      << run.err;
  EXPECT_EQ(describe_image(folder / "out.png").width, 40);
}

TEST_F(Interrupt, what_it_leaves_can_be_resumed) {
  const auto stopped = interrupt(SIGTERM, {"--report"});
  EXPECT_EQ(stopped.exit_code, kInterrupted);
  EXPECT_NE(read("out.json").find("\"end\": \"interrupted\""), std::string::npos);
  const int done = std::stoi(stopped.err.substr(std::string("nst: stopped after ").size()));
  const std::string before = read("out.png");
  const std::string total = std::to_string(done + 3);
  const auto resumed = run({"basic", "--resume", "out.checkpoint.safetensors", "--iterations", total});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_NE(read("out.png"), before);
  // The same as if it had never been stopped.
  EXPECT_EQ(basic({"--iterations", total, "--out", "whole.png"}).exit_code, 0);
  EXPECT_EQ(read("out.png"), read("whole.png"));
}

TEST_F(Interrupt, says_so_when_even_that_cannot_be_saved) {
  testing::NstProcess process(basic_arguments({"--iterations", "1000000", "--size", "64"}),
                              {.folder = folder.path(), .max_file_bytes = 700});
  EXPECT_TRUE(process.wait_for("1/1000000"));
  process.send(SIGINT);
  expect_refused(process.wait(), 1, {"out.png: cannot write: File too large"});
}

}  // namespace
}  // namespace nst
