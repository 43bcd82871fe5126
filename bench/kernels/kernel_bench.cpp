// Times the CUDA kernels, those of production and the rungs of the study ladders, each after it has been
// checked against float64 on the CPU. Prints a table for each kernel; exits with 1 when a kernel was wrong.
//
//   kernel_bench --filter production/conv2d/ --json conv2d.json
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <regex>

#include "bench/kernels/report.h"
#include "tensor/file.h"

namespace nst::bench {
namespace {

struct Options {
  std::string filter, json, markdown;
  bool list = false, quick = false;
  int rounds = Effort{}.rounds;
};

int parse(CLI::App& app, Options& options, int argc, char** argv) {
  app.add_option("--filter", options.filter, "Only what this regular expression finds: see --list");
  app.add_option("--rounds", options.rounds, "Times are medians of so many")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--json", options.json, "Write all numbers to this file");
  app.add_option("--markdown", options.markdown, "Write the tables to this file");
  app.add_flag("--list", options.list, "Name what there is to time, and time nothing");
  app.add_flag("--quick", options.quick, "Tiny shapes and one run of each: shows that the bench works");
  CLI11_PARSE(app, argc, argv);
  return -1;
}

std::vector<Problem> chosen_problems(const Options& options) {
  std::vector<Problem> problems = conv2d_problems(options.quick);
  for (auto more : {op_problems, study_problems}) {
    for (Problem& problem : more(options.quick)) problems.push_back(std::move(problem));
  }
  const std::regex filter(options.filter);
  std::erase_if(problems, [&](const Problem& p) { return !std::regex_search(p.name(), filter); });
  return problems;
}

std::map<MathMode, Roofline> measure_roofs(bool quick) {
  const RooflineEffort effort = quick ? RooflineEffort{.seconds = 0, .bytes = 1 << 16} : RooflineEffort{};
  std::map<MathMode, Roofline> roofs;
  for (const auto math : {MathMode::fp32, MathMode::tf32, MathMode::bf16, MathMode::fp16}) {
    set_math_mode(kCuda, math);
    roofs[math] = measure_roofline(kCuda, effort);
  }
  set_math_mode(kCuda, MathMode::fp32);
  return roofs;
}

int run(const Options& options) {
  check_usable(kCuda);
  const auto problems = chosen_problems(options);
  if (problems.empty()) throw std::invalid_argument("nothing is named like '" + options.filter + "'");
  if (options.list) {
    for (const Problem& problem : problems) fmt::print("{}\n", problem.name());
    return 0;
  }
  Report report{
      .device = cuda_device_name(kCuda), .roofs = measure_roofs(options.quick), .rounds = options.rounds};
  const Effort effort{.rounds = options.rounds, .most_runs = options.quick ? 1 : Effort{}.most_runs};
  bool all_right = true;
  for (const Problem& problem : problems) {
    fmt::print(stderr, "{}\n", problem.name());
    for (Result& result : measure(problem, effort)) {
      all_right &= result.refusal.empty();
      report.results.push_back(std::move(result));
    }
  }
  const std::string tables = to_markdown(report);
  fmt::print("{}", tables);
  if (!options.markdown.empty()) write_file_atomically(options.markdown, tables);
  if (!options.json.empty()) write_file_atomically(options.json, to_json(report));
  return all_right ? 0 : 1;
}

}  // namespace
}  // namespace nst::bench

int main(int argc, char** argv) try {
  nst::bench::Options options;
  CLI::App app("Times the CUDA kernels, after checking them");
  const int code = nst::bench::parse(app, options, argc, argv);
  return code >= 0 ? code : nst::bench::run(options);
} catch (const std::exception& error) {
  fmt::print(stderr, "kernel_bench: {}\n", error.what());
  return 1;
}
