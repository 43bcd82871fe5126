// nst profile: any other command, with every op of it measured.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "nst/profile_report.h"
#include "tensor/file.h"
#include "tools/commands.h"

namespace nst::tools {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExamples = R"(Examples:
  nst profile basic --content photo.jpg --style painting.jpg --out result.png --size 512 --iterations 10
  nst profile --out step --by shape basic --content photo.jpg --style painting.jpg --out result.png --iterations 10)";

struct ProfileCommand {
  CLI::App* app = nullptr;
  std::string out = "profile", by = "op";
  int top = 25;
  bool json = false;

  void run() const;
};

ProfileBy parse_by(const std::string& by) {
  return by == "op" ? ProfileBy::op : by == "layer" ? ProfileBy::layer : ProfileBy::shape;
}

double median_seconds(const std::vector<StepEvent>& steps) {
  std::vector<double> seconds;
  for (const StepEvent& step : steps) seconds.push_back(step.seconds);
  std::ranges::nth_element(seconds, seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2));
  return seconds[seconds.size() / 2];
}

void print_table(const std::vector<ProfileRow>& rows, const std::vector<StepEvent>& steps, size_t top,
                 double elapsed, const Roofline& roofline) {
  double measured = 0;
  for (const auto& row : rows) measured += row.seconds;
  fmt::print("{:<44} {:>6} {:>10} {:>6} {:>9} {:>8} {:>7} {:>10}\n", "", "calls", "ms", "share", "GFLOP/s",
             "GB/s", "% roof", "MB made");
  for (size_t i = 0; i < std::min(rows.size(), top); ++i) {
    const auto& row = rows[i];
    const auto rate = [&](double work) {  // empty where there is none, or no time to divide it by
      return work > 0 && row.seconds > 0 ? fmt::format("{:.1f}", work / row.seconds / 1e9) : "";
    };
    fmt::print("{:<44} {:>6} {:>10.1f} {:>5.1f}% {:>9} {:>8} {:>7.0f} {:>10.1f}\n", row.name, row.calls,
               row.seconds * 1e3, 100 * row.seconds / elapsed, rate(row.flops), rate(row.bytes),
               100 * roofline_share(row, roofline), row.allocated / 1e6);
  }
  if (rows.size() > top) fmt::print("... and {} more rows; see --top\n", rows.size() - top);
  fmt::print("{:<44} {:>6} {:>10.1f} {:>5.1f}%\n", "outside of ops", "", (elapsed - measured) * 1e3,
             100 * (elapsed - measured) / elapsed);
  if (!steps.empty()) {
    fmt::print("{} steps, of {:.1f} ms (median)\n", steps.size(), median_seconds(steps) * 1e3);
  }
  fmt::print("this machine, measured: {:.0f} GFLOP/s, {:.1f} GB/s\n", roofline.flops / 1e9,
             roofline.bandwidth / 1e9);
}

void print_json(const std::vector<ProfileRow>& rows, const std::vector<StepEvent>& steps, double elapsed,
                const Roofline& roofline) {
  nlohmann::ordered_json record{{"seconds", elapsed},
                                {"roofline", {{"flops", roofline.flops}, {"bandwidth", roofline.bandwidth}}},
                                {"rows", nlohmann::json::array()}};
  if (!steps.empty()) record["steps"] = {{"count", steps.size()}, {"median_seconds", median_seconds(steps)}};
  for (const auto& row : rows) {
    record["rows"].push_back({{"name", row.name},
                              {"calls", row.calls},
                              {"seconds", row.seconds},
                              {"flops", row.flops},
                              {"bytes", row.bytes},
                              {"allocated", row.allocated},
                              {"roofline_share", roofline_share(row, roofline)}});
  }
  fmt::print("{}\n", record.dump(2));
}

void ProfileCommand::run() const {
  std::vector<std::string> command = app->remaining();
  if (command.empty()) throw std::invalid_argument("profile: which command? See nst profile --help");
  if (command.front() == "profile") throw std::invalid_argument("profile: cannot profile itself");
  const fs::path trace = out + ".trace.json", chart = out + ".roofline.png";
  check_writable(trace);
  check_writable(chart);
  Profile profile;
  const auto application = parse_command_line(std::move(command), CommandLine::run);
  const double elapsed = profile.elapsed();
  const auto events = profile.events();  // a copy: measuring the roofline runs ops too
  if (events.empty()) throw std::invalid_argument("profile: the command ran no ops");
  // Of where most of the time went: a run on a GPU has some ops on the CPU too.
  const Roofline roofline = measure_roofline(busiest_device(events));
  const auto rows = profile_rows(events, parse_by(by));
  if (json) {
    print_json(rows, profile.steps(), elapsed, roofline);
  } else {
    print_table(rows, profile.steps(), static_cast<size_t>(top), elapsed, roofline);
  }
  write_trace(trace, events, profile.steps());
  write_roofline_png(chart, "nst " + app->remaining().front(), profile_rows(events, ProfileBy::op), roofline);
}

}  // namespace

void add_profile_command(CLI::App& app) {
  auto command = std::make_shared<ProfileCommand>();
  command->app = app.add_subcommand(
      "profile", "Run another command and tell where its time goes: a table, a trace, a roofline");
  command->app->footer(kExamples);
  command->app->prefix_command();
  command->app
      ->add_option("--out", command->out, "Writes OUT.trace.json (Perfetto, Chrome) and OUT.roofline.png")
      ->capture_default_str();
  command->app->add_option("--by", command->by, "A row for each: op, layer, shape (of an op)")
      ->check(CLI::IsMember({"op", "layer", "shape"}))
      ->capture_default_str();
  command->app->add_option("--top", command->top, "Rows of the table")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->app->add_flag("--json", command->json, "The table as a JSON object");
  command->app->callback([command] { command->run(); });
}

}  // namespace nst::tools
