// nst compare: a method with every combination of some settings.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <system_error>

#include "tensor/file.h"
#include "tools/commands.h"
#include "tools/compare_outputs.h"
#include "tools/compare_plan.h"
#include "tools/interrupt.h"
#include "tools/log.h"
#include "tools/option_checks.h"
#include "tools/progress.h"

namespace nst::tools {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExamples = R"(Examples:
  nst compare --out weights --vary style_weight=1e-2,1,1e2 --vary content_layers=relu3_2,relu4_2 \
      basic --content photo.jpg --style painting.jpg --size 256 --iterations 200
  nst compare --out layers --vary 'style_layers=relu1_1;relu1_1,relu2_1' basic --content photo.jpg --style painting.jpg
  nst compare --out colours --vary method=histogram,coral,mk --vary space=rgb,oklab colour photo.jpg painting.jpg)";

constexpr int kSmallestCell = 48, kLargestCell = 1024;

struct CompareCommand {
  CLI::App* app = nullptr;
  std::string out, sheet = "png";
  std::vector<std::string> vary;
  int cell = 256;
  bool quiet = false;

  void run() const;

 private:
  void run_cells(const ComparePlan& plan, CompareRecord& record) const;
};

void create_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw std::runtime_error(fmt::format("{}: {}", path.string(), error.message()));
}

void CompareCommand::run_cells(const ComparePlan& plan, CompareRecord& record) const {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  std::vector<size_t> missing;
  for (size_t i = 0; i < plan.cells.size(); ++i) {
    if (!record.is_done(plan.cells[i])) missing.push_back(i);
  }
  const size_t done = plan.cells.size() - missing.size();
  if (done > 0) spdlog::info("{} of {} cells are done already", done, plan.cells.size());
  for (size_t k = 0; k < missing.size(); ++k) {
    const CompareCell& cell = plan.cells[missing[k]];
    const std::string name = plan.grid.name(missing[k]);
    const auto named = [&](const std::exception& error) { return fmt::format("{}: {}", name, error.what()); };
    // Left by a run that was interrupted; this one begins anew.
    fs::remove(fs::path(cell.picture).replace_extension(".checkpoint.safetensors"));
    try {
      parse_command_line(cell.arguments, CommandLine::run);
      record.add(cell);
    } catch (const Interrupted&) {  // the next run makes this cell from the beginning
    } catch (const CLI::Error&) {   // it has been told
      throw;
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(named(error));
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(named(error));
    }
    set_verbosity(quiet ? Verbosity::quiet : Verbosity::normal);  // the cell was told to be quiet
    if (interrupted()) {
      const auto finished =
          std::ranges::count_if(plan.cells, [&](const auto& c) { return record.is_done(c); });
      if (finished < std::ssize(plan.cells)) {
        throw Interrupted(fmt::format("stopped after {} of {} cells; the same command goes on", finished,
                                      plan.cells.size()));
      }
    }
    const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    const double left = elapsed / static_cast<double>(k + 1) * static_cast<double>(missing.size() - k - 1);
    spdlog::info("{}/{}  {}  {} left", done + k + 1, plan.cells.size(), name, format_duration(left));
  }
}

void CompareCommand::run() const {
  set_verbosity(quiet ? Verbosity::quiet : Verbosity::normal);
  const ComparePlan plan = plan_comparison(app->remaining(), vary, out);
  const CompareOutputs outputs = compare_outputs(out, sheet);
  create_folder(fs::path(out) / "cells");
  for (const auto& file : {outputs.sheet, outputs.losses, outputs.page}) check_writable(file);
  CompareRecord record(out);
  catch_interrupts();
  run_cells(plan, record);
  write_comparison(outputs, plan, cell);
  spdlog::info("{}, {} and {}", outputs.page.string(), outputs.sheet.filename().string(),
               outputs.losses.filename().string());
}

}  // namespace

void add_compare_command(CLI::App& app) {
  auto command = std::make_shared<CompareCommand>();
  command->app = app.add_subcommand(
      "compare",
      "Run a method with every combination of some settings: a contact sheet, losses, a page to browse");
  command->app->footer(kExamples);
  command->app->prefix_command();
  command->app
      ->add_option("-o,--out", command->out, "Folder for cells/, sheet.png, losses.csv and index.html")
      ->required();
  command->app
      ->add_option(
          "--vary", command->vary,
          "NAME=VALUE,VALUE,... of one of the method's options, or with ; where values have commas; repeat "
          "for a grid, whose columns are the first")
      ->required()
      ->allow_extra_args(false);
  command->app->add_option("--cell", command->cell, "Pixels of a picture's longer side on the sheet")
      ->capture_default_str()
      ->check(whole_number_in(kSmallestCell, kLargestCell));
  command->app->add_option("--sheet", command->sheet, "The sheet's format")
      ->capture_default_str()
      ->check(CLI::IsMember({"png", "jpg"}));
  command->app->add_flag("--quiet", command->quiet, "Print nothing but errors");
  command->app->callback([command] { command->run(); });
}

}  // namespace nst::tools
