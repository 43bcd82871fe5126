// nst weights: what there is, fetching it, checking it, converting what users bring.
#include <fmt/format.h>

#include <memory>

#include "nn/vgg_weights.h"
#include "nst/weight_store.h"
#include "tools/commands.h"

namespace nst::tools {
namespace {

void list() {
  for (const WeightEntry& entry : weight_manifest()) {
    const auto path = stored_weights(entry);
    fmt::print("{:<18} {}\n{:<18} {}; {}\n{:<18} {}\n", entry.name, entry.title, "", entry.licence,
               entry.attribution, "", std::filesystem::exists(path) ? path.string() : "not fetched");
  }
}

void verify(const std::string& name) {
  const auto path = find_weights(name);
  const nn::VggWeights weights = nn::read_vgg(nn::open_weights(path));
  fmt::print("{}: VGG-{} up to {}, every value finite\n", path.string(), weights.depth, weights.deepest);
}

}  // namespace

void add_weights_command(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("weights", "List, fetch, verify and convert the loss networks' weights");
  command->require_subcommand(1);
  command->footer(
      "Examples:\n  nst weights get vgg16\n  nst weights convert vgg19-dcbb9e9d.pth vgg19.safetensors");
  command->add_subcommand("list", "What there is, and what is here")->callback(list);

  auto name = std::make_shared<std::string>();
  CLI::App* get = command->add_subcommand("get", "Fetch weights, check their hashes and convert them");
  get->add_option("name", *name, "A name from the list")->required();
  get->callback([name] {
    const auto path = get_weights(
        weight_entry(*name), {.message = [](const std::string& text) { fmt::print(stderr, "{}\n", text); }});
    fmt::print("{}\n", path.string());
  });
  CLI::App* check = command->add_subcommand("verify", "Read weights whole and say what they are");
  check->add_option("name", *name, "A name from the list, or a file")->required();
  check->callback([name] { verify(*name); });

  auto to = std::make_shared<std::string>();
  CLI::App* convert =
      command->add_subcommand("convert", "Convert a VGG's .pth, .onnx or safetensors file to ours");
  convert->add_option("from", *name, "The file to read")->required();
  convert->add_option("to", *to, "The safetensors file to write")->required();
  convert->callback([name, to] { convert_weights(*name, *to); });
}

}  // namespace nst::tools
