// nst improved: Novak & Nikulin 2016 from the command line.
#include <algorithm>
#include <memory>

#include "nst/improved.h"
#include "tools/commands.h"
#include "tools/option_checks.h"
#include "tools/option_names.h"
#include "tools/run_command.h"

namespace nst::tools {
namespace {

constexpr const char* kExamples = R"(Examples:
  nst improved --content photo.jpg --style painting.jpg --out result.png
  nst improved --content photo.jpg --style painting.jpg --out result.png --no-chain
  nst improved --content photo.jpg --style a.jpg --style b.jpg --style-mask sky.png --style-mask land.png --out two.png
  nst improved --content photo.jpg --style painting.jpg --out big.png --size 4000 --style-size 1000 --tile 512 --optimiser adam
  nst improved --content photo.jpg --style painting.jpg --out old.png --compat titu1994)";

// The paper's choices, sections 3.1 to 3.6. Its normalisation divides by the maps' own sizes.
std::shared_ptr<RunSettings> paper_settings() {
  auto settings = std::make_shared<RunSettings>();
  settings->method = "improved";
  settings->style_layers = {"all"};
  settings->layer_weights = "shallow";
  settings->content_layer_weights = "deep";
  settings->chain = settings->blur = true;
  settings->activation_shift = -1;
  return settings;
}

// titu1994's own values, wherever the command line does not say otherwise.
void follow_titu1994(const CLI::App& command, RunSettings& s) {
  const auto set = [&](const char* option, auto& field, const auto& value) {
    if (command.count(option) == 0) field = value;
  };
  set("--content-layers", s.content_layers, std::vector<std::string>{"relu5_2"});
  set("--content-weight", s.content_weight, 0.025);
  set("--tv-weight", s.tv_weight, 8.5e-5);
  set("--tv", s.tv, "titu1994");
  set("--content-normalisation", s.content_normalisation, "titu1994_type0");
  set("--size", s.size, int64_t{400});
  set("--feather", s.feather, 0.0);
  // The objective itself.
  s.style_normalisation = "titu1994";
  s.layer_weights = s.content_layer_weights = "equal";
  s.activation_shift = -1;
  s.square = true;
  s.style_size = 0;
  s.style_scale = 1;
}

// Options that would have no effect beside titu1994's objective.
constexpr const char* kPaperOptions[] = {
    "--style-layers", "--layer-weights",    "--content-layer-weights", "--chain",
    "--blur",         "--activation-shift", "--style-normalisation",   "--style-size",
    "--style-scale",  "--style-guide"};

}  // namespace

void add_improved_command(CLI::App& app) {
  const auto settings = paper_settings();
  CLI::App& command = add_run_command(
      app, settings, "Optimise a picture with correlations of layers (Novak & Nikulin 2016)", kExamples);
  const auto option = [&](auto&&... args) { return command.add_option(args...)->group("Improved"); };
  const auto flag = [&](auto&&... args) { return command.add_flag(args...)->group("Improved"); };
  option("--layer-weights", settings->layer_weights,
         "3.1: how style layers weigh: shallow 2^(D-d), deep 2^d, each over their sum, or equal")
      ->capture_default_str()
      ->check(one_of(layer_weighting_names()));
  option("--content-layer-weights", settings->content_layer_weights,
         "3.1: how content layers weigh, likewise")
      ->capture_default_str()
      ->check(one_of(layer_weighting_names()));
  option("--activation-shift", settings->activation_shift, "3.3: added to every activation")
      ->capture_default_str();
  flag("--chain,!--no-chain", settings->chain,
       "3.4, 3.5: correlate each style layer with the one before it (default), or with itself");
  flag("--blur,!--no-blur", settings->blur, "3.6: blur what the chain correlates (default), or do not");
  CLI::Option* compat =
      option("--compat", settings->compat,
             "The objective of another program: titu1994, which maximises its deepest layer's loss")
          ->check(one_of(kCompatNames));
  for (const char* name : kPaperOptions) compat->excludes(command.get_option(name));
  command.parse_complete_callback([&command, settings] {
    if (settings->compat == kTitu1994) follow_titu1994(command, *settings);
  });
}

}  // namespace nst::tools
