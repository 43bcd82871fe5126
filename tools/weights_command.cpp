// nst weights: what there is, fetching it, checking it, converting what users bring.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

#include "nn/transform_export.h"
#include "nn/vgg_weights.h"
#include "nst/sha256.h"
#include "nst/weight_store.h"
#include "tools/commands.h"
#include "tools/fast_inputs.h"
#include "tools/interrupt.h"

namespace nst::tools {
namespace {

void list() {
  for (const WeightEntry& entry : weight_manifest()) {
    const auto path = stored_weights(entry);
    fmt::print("{:<18} {}\n{:<18} {}; {}\n{:<18} {}\n", entry.name, entry.title, "", entry.licence,
               entry.attribution, "", std::filesystem::exists(path) ? path.string() : "not fetched");
  }
}

// Whose hash this is, of all the sources' files and conversions.
std::string origin_of(const std::string& hash) {
  for (const WeightEntry& entry : weight_manifest()) {
    for (const WeightSource& source : entry.sources) {
      const bool original = source.sha256.size() == hash.size() && hash == source.sha256;
      if (hash == source.converted_sha256 || original || hash == source.member_sha256) {
        return fmt::format("{} from {}", entry.name, source.location);
      }
    }
  }
  return "not in the manifest";
}

void verify(const std::string& name) {
  const auto path = find_weights(name);
  const nn::VggWeights weights = nn::read_vgg(nn::open_weights(path));
  const std::string hash = sha256_of_file(path);
  fmt::print("{}: VGG-{} up to {}, every value finite\nsha256 {}, {}\n", path.string(), weights.depth,
             weights.deepest, hash, origin_of(hash));
}

void convert_file(const std::filesystem::path& from, const std::filesystem::path& to,
                  const std::string& style, const nn::ExportOptions& options) {
  if (!std::filesystem::is_directory(from) && !nn::is_transform(nn::open_weights(from))) {
    if (!style.empty() || options.float16) {
      throw std::invalid_argument("weights: --style and --float16 are for transform networks");
    }
    return convert_weights(from, to);
  }
  nn::TransformModel model = nn::read_transform(from);
  if (!style.empty()) model = nn::single_style(model, {{style_number(model, style)}});
  nn::write_transform(to, model, options);
}

// The progress of a download on a terminal; elsewhere the line that says what is fetched is enough.
class DownloadLine {
 public:
  ~DownloadLine() { clear(); }

  void update(uint64_t done, uint64_t total) {
    constexpr double kMega = 1e6;
    const auto now = std::chrono::steady_clock::now();
    if (!terminal_ || done == 0 || now - drawn_ < std::chrono::milliseconds(100)) return;
    drawn_ = now;
    const std::string of = total > 0 ? fmt::format(" of {:.1f}", total / kMega) : "";
    const std::string percent =
        total > 0 ? fmt::format("  {:3}%", std::min<uint64_t>(100, 100 * done / total)) : "";
    fmt::print(stderr, "\r\033[K{:.1f}{} MB{}", done / kMega, of, percent);
    std::fflush(stderr);
    open_ = true;
  }
  void message(const std::string& text) {
    clear();
    fmt::print(stderr, "{}\n", text);
  }

 private:
  void clear() {
    if (open_) fmt::print(stderr, "\r\033[K");
    open_ = false;
  }

  bool terminal_ = isatty(STDERR_FILENO), open_ = false;
  std::chrono::steady_clock::time_point drawn_{};
};

std::filesystem::path fetch(const WeightEntry& entry, const std::string& from) {
  DownloadLine line;
  const WeightEvents events{
      .message = [&](const std::string& text) { line.message(text); },
      .progress = [&](uint64_t done, uint64_t total) { line.update(done, total); },
      .stopped = interrupted,
  };
  catch_interrupts();
  try {
    return from.empty() ? get_weights(entry, events) : get_weights_from(entry, from, events);
  } catch (const std::exception&) {
    if (interrupted()) throw Interrupted("interrupted; the same command goes on where it can");
    throw;
  }
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
  auto from = std::make_shared<std::string>();
  get->add_option("--from", *from, "Take them from this file instead of the network");
  get->footer(
      "Set NST_OFFLINE=1 to keep it from using the network, NST_WEIGHTS_DIR to store them elsewhere.");
  get->callback([name, from] { fmt::print("{}\n", fetch(weight_entry(*name), *from).string()); });
  CLI::App* check = command->add_subcommand("verify", "Read weights whole and say what they are");
  check->add_option("name", *name, "A name from the list, or a file")->required();
  check->callback([name] { verify(*name); });

  auto to = std::make_shared<std::string>(), style = std::make_shared<std::string>();
  auto float16 = std::make_shared<bool>(false);
  CLI::App* convert = command->add_subcommand(
      "convert", "Convert a VGG's file to ours, or a transform network's to .safetensors, .pth or .onnx");
  convert->add_option("from", *name, "The file, or folder of variables, to read")->required();
  convert->add_option("to", *to, "The file to write; its extension says what")->required();
  convert->add_option("--style", *style, "Of a network of several styles, the one to keep");
  convert->add_flag("--float16", *float16, "Half the size (.safetensors of transform networks)");
  convert->callback([=] { convert_file(*name, *to, *style, {.float16 = *float16}); });
}

}  // namespace nst::tools
