#include "tools/compare_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <stdexcept>
#include <string_view>

#include "nst/sha256.h"
#include "tools/commands.h"

namespace nst::tools {
namespace {

// Options that are the comparison's own business, or change nothing that could be compared.
constexpr std::array<std::string_view, 8> kReserved{"--out",   "--report",  "--resume", "--json",
                                                    "--quiet", "--verbose", "--help",   "--save-every"};
constexpr size_t kLongestName = 120;  // of a cell's file, without its extension

// "style_weight" or "--style-weight" -> "--style-weight"
std::string option_name(std::string_view setting) {
  while (setting.starts_with('-')) setting.remove_prefix(1);
  std::string name(setting);
  std::ranges::replace(name, '_', '-');
  return "--" + name;
}

const CLI::App& find_method(const CLI::App& application, const std::string& name) {
  const auto commands = application.get_subcommands([&](const CLI::App* command) {
    return command->check_name(name) && command->get_option_no_throw("--out") != nullptr &&
           name != "compare" && name != "profile";
  });
  if (commands.empty())
    throw std::invalid_argument(fmt::format("compare: '{}' is no command that makes a picture", name));
  return *commands.front();
}

// The axes with their names as the method's options have them.
SettingGrid grid_of(const std::vector<std::string>& vary, const CLI::App& method) {
  std::vector<SettingAxis> axes;
  for (const auto& text : vary) {
    SettingAxis axis = parse_setting_axis(text);
    const std::string name = option_name(axis.name);
    const CLI::Option* option = method.get_option_no_throw(name);
    if (option == nullptr) {
      throw std::invalid_argument(
          fmt::format("--vary {}: nst {} has no option {}", text, method.get_name(), name));
    }
    if (std::ranges::find(kReserved, option->get_name()) != kReserved.end()) {
      throw std::invalid_argument(fmt::format("--vary {}: {} cannot be varied", text, name));
    }
    axis.name = option->get_name().substr(2);
    axes.push_back(std::move(axis));
  }
  return SettingGrid(std::move(axes));
}

void check_shared_arguments(const std::vector<std::string>& command, const CLI::App& method,
                            const SettingGrid& grid) {
  const auto names_in = [&](const std::string& word) -> std::string {
    const CLI::Option* option =
        word.starts_with("-") ? method.get_option_no_throw(word.substr(0, word.find('='))) : nullptr;
    return option ? option->get_name() : "";
  };
  for (auto word = command.begin() + 1; word != command.end(); ++word) {
    const std::string name = names_in(*word);
    if (name == "--out" || *word == "--vary") {
      throw std::invalid_argument(fmt::format("compare: {} belongs before '{}'", *word, command.front()));
    }
    if (std::ranges::find(kReserved, name) != kReserved.end()) {
      throw std::invalid_argument(fmt::format("compare: {} is not for a comparison", name));
    }
    for (const auto& axis : grid.axes()) {
      if (name == "--" + axis.name)
        throw std::invalid_argument(fmt::format("compare: {} is varied and given", name));
    }
  }
}

bool fits_in_a_file_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("._-=:,+").find(c) != std::string_view::npos;
}

// The cell's name as a file's: recognisable, and its own also where others' become the same.
std::string file_name(std::string cell_name) {
  std::ranges::replace(cell_name, ' ', ',');
  std::string name = cell_name.substr(0, kLongestName);
  for (char& c : name) c = fits_in_a_file_name(c) ? c : '_';
  if (name == cell_name) return name;
  return name + "-" + sha256(std::as_bytes(std::span(cell_name))).substr(0, 8);
}

}  // namespace

ComparePlan plan_comparison(const std::vector<std::string>& command, const std::vector<std::string>& vary,
                            const std::filesystem::path& out) {
  if (command.empty()) throw std::invalid_argument("compare: which command? See nst compare --help");
  const auto known = make_application();
  const CLI::App& method = find_method(*known, command.front());
  ComparePlan plan{.command = command, .grid = grid_of(vary, method)};
  check_shared_arguments(command, method, plan.grid);
  plan.has_report = method.get_option_no_throw("--report") != nullptr;

  for (size_t i = 0; i < plan.grid.size(); ++i) {
    CompareCell cell{out / "cells" / (file_name(plan.grid.name(i)) + ".png"), command};
    const auto values = plan.grid.values(i);
    for (size_t axis = 0; axis < values.size(); ++axis) {
      cell.arguments.push_back(fmt::format("--{}={}", plan.grid.axes()[axis].name, values[axis]));
    }
    cell.arguments.push_back("--out=" + cell.picture.string());
    if (plan.has_report) cell.arguments.push_back("--report");
    if (method.get_option_no_throw("--quiet")) cell.arguments.push_back("--quiet");
    plan.cells.push_back(std::move(cell));
  }
  for (const auto& cell : plan.cells) {
    const auto application = parse_command_line(cell.arguments, CommandLine::check);
    if (&cell != &plan.cells.front()) continue;
    for (const std::string name : {"content", "style"}) {
      const bool varied =
          std::ranges::any_of(plan.grid.axes(), [&](const auto& axis) { return axis.name == name; });
      const CLI::Option* option = application->get_subcommands().front()->get_option_no_throw("--" + name);
      if (varied || option == nullptr) continue;
      for (const auto& file : option->results()) plan.references.emplace_back(name, file);
    }
  }
  return plan;
}

}  // namespace nst::tools
