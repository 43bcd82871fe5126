// The kernel bench on the CUDA-on-CPU runner: what it refuses to time, what it prints, and that every kernel
// it knows is right at a small size.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "bench/kernels/report.h"
#include "tensor/file.h"
#include "tensor/ops/elementwise.h"
#include "tests/support.h"

namespace nst::bench {
namespace {

using nlohmann::json;

// What `run` makes of the same ten numbers, on the device.
Way way(const char* name, std::function<Tensor(const Tensor&)> run) {
  return {.name = name, .make = [=]() -> Run {
            return [=, x = noise({10}, 0).to(kCuda)] { return std::vector<Tensor>{run(x)}; };
          }};
}

Problem doubling(std::vector<Way> ways) {
  return {"production",
          "ops",
          "double",
          "10",
          [] { return std::vector<Tensor>{ops::affine(noise({10}, 0).to(DType::float64), 2)}; },
          std::move(ways)};
}

constexpr Effort kOnce{.rounds = 1, .seconds = 0, .most_runs = 1};

class KernelBench : public ::testing::Test {
  void SetUp() override {
    if (cuda_device_count() == 0) GTEST_SKIP() << "no CUDA device";
  }
};

TEST_F(KernelBench, times_what_is_right_and_counts_its_work) {
  const auto results =
      measure(doubling({way("affine", [](const Tensor& x) { return ops::affine(x, 2); })}), kOnce);
  ASSERT_EQ(results.size(), 1);
  EXPECT_EQ(results[0].refusal, "");
  EXPECT_EQ(results[0].error, 0);
  EXPECT_GT(results[0].seconds, 0);
  EXPECT_EQ(results[0].work.bytes, 2 * 10 * 4);
}

TEST_F(KernelBench, does_not_time_what_is_wrong) {
  int runs = 0;
  const auto results = measure(
      doubling({way("half a per mille off", [&](const Tensor& x) { return ++runs, ops::affine(x, 2.001); }),
                way("nothing written",
                    [](const Tensor& x) { return Tensor::empty(x.shape(), DType::float32, kCuda); }),
                way("too short", [](const Tensor&) { return Tensor::zeros({9}, DType::float32, kCuda); }),
                way("throws", [](const Tensor&) -> Tensor { throw std::runtime_error("no such kernel"); }),
                way("right", [](const Tensor& x) { return ops::add(x, x); })}),
      kOnce);
  EXPECT_EQ(results[0].refusal, "wrong: error 5.0e-04, 1.0e-05 allowed");
  EXPECT_EQ(results[1].refusal, "wrong: error nan, 1.0e-05 allowed");
  EXPECT_EQ(results[2].refusal, "wrong: error nan, 1.0e-05 allowed");
  EXPECT_EQ(results[3].refusal, "no such kernel");
  EXPECT_EQ(results[4].refusal, "");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(results[i].seconds, 0) << results[i].way;
  EXPECT_EQ(runs, 1) << "once for the check";
}

Report two_results() {
  Report report{
      .device = "a device", .roofs = {{MathMode::fp32, {.flops = 1e12, .bandwidth = 1e11}}}, .rounds = 3};
  const Result ours{.suite = "production",
                    .table = "gram",
                    .kernel = "gram",
                    .shape = "8x8x16",
                    .way = "nst",
                    .error = 1e-7,
                    .seconds = 2e-3,
                    .fastest = 1.9e-3,
                    .slowest = 2.1e-3,
                    .work = {.flops = 1e9, .bytes = 4e6}};
  Result library = ours, wrong = ours;
  library.way = "cuBLAS", library.library = true, library.seconds = 1e-3;
  wrong.way = "broken", wrong.refusal = "wrong: error 1";
  report.results = {ours, library, wrong};
  return report;
}

TEST(KernelBenchReport, rates_by_the_roof_and_the_library) {
  const Report report = two_results();
  EXPECT_DOUBLE_EQ(report.roof_share(report.results[0]), 0.5);  // 1e9 FLOP take 1 ms at best, the bytes 0.04
  EXPECT_DOUBLE_EQ(report.library_share(report.results[0]), 0.5);
  const std::string text = to_markdown(report);
  EXPECT_NE(text.find("| `gram` | 8x8x16 | nst | fp32 | 2.0000 | 10 | 500 | 2 | 50 | 50 | 1.0e-07 |\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("| broken | fp32 | wrong: error 1 |"), std::string::npos) << text;
  const json record = json::parse(to_json(report));
  EXPECT_EQ(record["results"][0]["library_share"], 0.5);
  EXPECT_EQ(record["results"][2]["refusal"], "wrong: error 1");
  EXPECT_FALSE(record["results"][2].contains("seconds"));
}

#ifdef NST_KERNEL_BENCH  // the program on the runner
std::string text_of(const std::string& path) {
  const auto bytes = read_file(path, 1 << 24);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// What the pattern's group is in the files of a folder.
std::set<std::string> find_names(const std::string& folder, const std::string& extension,
                                 const std::regex& pattern) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(NST_SOURCE_DIR "/" + folder)) {
    if (entry.path().extension() != extension) continue;
    const std::string source = text_of(entry.path());
    for (std::sregex_iterator at(source.begin(), source.end(), pattern), end; at != end; ++at)
      names.insert((*at)[1]);
  }
  return names;
}

// The names by which tensor/ops calls kernels, but for those that no GPU has.
std::set<std::string> ops_with_kernels() {
  auto names = find_names("tensor/ops", ".cpp", std::regex(R"re((?:dispatch\(|kOp = )"(\w+)")re"));
  for (const auto& name : find_names("kernels", ".h", std::regex(R"re(\nNST_CPU_KERNEL\((\w+),)re")))
    names.erase(name);
  return names;
}

TEST_F(KernelBench, runs_every_kernel_and_finds_it_right) {
  const testing::TemporaryFolder folder;
  const auto file = [&](const char* name) { return (folder / name).string(); };
  const std::string command = std::string(NST_KERNEL_BENCH) + " --quick --rounds 1 --json " +
                              file("out.json") + " --markdown " + file("out.md") + " >" + file("log") +
                              " 2>&1";
  ASSERT_EQ(std::system(command.c_str()), 0) << text_of(file("log"));
  const json record = json::parse(text_of(file("out.json")));
  std::set<std::string> kernels, ways;
  for (const json& result : record["results"]) {
    EXPECT_FALSE(result.contains("refusal")) << result;
    EXPECT_GT(result["bytes"], 0) << result;
    const std::string kernel = result["kernel"];  // "total_variation squared"
    kernels.insert(kernel.substr(0, kernel.find(' ')));
    ways.insert(result["way"]);
  }
  EXPECT_TRUE(kernels.contains("matmul"));  // of the study
  const auto ops = ops_with_kernels();
  EXPECT_GT(ops.size(), 40u);
  for (const std::string& op : ops) EXPECT_TRUE(kernels.contains(op)) << op << " is not timed";
  for (const char* name : {"gemm", "winograd4", "winograd2", "direct", "cuDNN", "cuBLAS syrk", "01_naive"})
    EXPECT_TRUE(ways.contains(name)) << name;
  EXPECT_NE(text_of(file("out.md")).find("### study: matmul"), std::string::npos);
}

TEST_F(KernelBench, refuses_a_filter_that_finds_nothing) {
  const std::string command = std::string(NST_KERNEL_BENCH) + " --quick --list --filter moon 2>/dev/null";
  EXPECT_NE(std::system(command.c_str()), 0);
}
#endif

}  // namespace
}  // namespace nst::bench
