// `nst profile` from the command line.
#include <nlohmann/json.hpp>

#include "nst/image.h"
#include "tests/cli/run_nst.h"

namespace nst {
namespace {

using nlohmann::json;

class ProfileCommand : public testing::CommandTest {
 protected:
  // `nst profile OPTIONS basic ...` on the small network.
  testing::Finished profile(std::vector<std::string> options) const {
    options.insert(options.begin(), "profile");
    const auto command = basic_arguments({"--quiet"});
    options.insert(options.end(), command.begin(), command.end());
    return run(options);
  }
};

TEST_F(ProfileCommand, tells_every_op_and_writes_a_trace_and_a_chart) {
  const auto run = profile({"--out", "step"});
  expect_wrote(run, {"out.png", "step.roofline.png", "step.trace.json"});
  for (const char* word :
       {"conv2d ", "conv2d_backward_input", "gram", "% roof", "outside of ops", "GB/s", "3 steps, of "}) {
    EXPECT_NE(run.out.find(word), std::string::npos) << word << " in\n" << run.out;
  }
  const json trace = json::parse(read("step.trace.json"));
  EXPECT_EQ(trace["traceEvents"][0]["args"]["name"], "cpu");
  bool backward_of_a_layer = false;
  int steps = 0;
  for (const json& event : trace["traceEvents"]) {
    if (event["ph"] == "M") continue;  // the name of a track
    EXPECT_EQ(event["ph"], "X");
    EXPECT_GE(event["dur"], 0);
    backward_of_a_layer |= event["name"] == "conv2d_backward_input conv1_2";
    steps += event["cat"] == "step";
  }
  EXPECT_TRUE(backward_of_a_layer);
  EXPECT_EQ(steps, 3);
  EXPECT_EQ(describe_image(folder / "step.roofline.png").format, "PNG");
}

TEST_F(ProfileCommand, by_layer_as_json) {
  const auto run = profile({"--json", "--by", "layer"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const json record = json::parse(run.out);
  EXPECT_GT(record["roofline"]["flops"], 1e8);
  EXPECT_GT(record["roofline"]["bandwidth"], 1e8);
  EXPECT_EQ(record["steps"]["count"], 3);
  EXPECT_GT(record["steps"]["median_seconds"], 0);
  double seconds = 0, layers = 0;
  for (const json& row : record["rows"]) {
    seconds += row["seconds"].get<double>();
    layers += row["name"] == "conv1_1" || row["name"] == "conv1_2";
  }
  EXPECT_EQ(layers, 2);
  EXPECT_LE(seconds, record["seconds"]);
}

TEST_F(ProfileCommand, refuses) {
  expect_refused(run({"profile"}), 2, {"which command?"});
  expect_refused(run({"profile", "profile", "version"}), 2, {"cannot profile itself"});
  expect_refused(run({"profile", "--by", "moon", "version"}), 2, {"--by"});
  expect_refused(run({"profile", "--out", "missing/step", "version"}), 1, {"missing/step.trace.json"});
  expect_refused(run({"profile", "basic", "--content", "none.png"}), 2, {"--style"});
  const auto no_command = run({"profile", "dance"});
  EXPECT_EQ(no_command.exit_code, 2);
  EXPECT_NE(no_command.err.find("'dance' is not a command"), std::string::npos) << no_command.err;
}

TEST_F(ProfileCommand, help_of_the_profiled_command) {
  const auto help = run({"profile", "basic", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_NE(help.out.find("--content"), std::string::npos) << help.out;
}

}  // namespace
}  // namespace nst
