// nst style: encoded styles.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <memory>

#include "nst/adain/style_file.h"
#include "nst/adain/weights.h"
#include "nst/image.h"
#include "tensor/file.h"
#include "tools/adain_network_option.h"
#include "tools/commands.h"
#include "tools/option_checks.h"

namespace nst::tools {
namespace {

constexpr const char* kExamples = R"(Examples:
  nst style encode painting.jpg -o painting.style
  nst adain photo.jpg painting.style -o result.png)";

struct EncodeCommand {
  std::string style, out;
  int64_t size = 512;
  AdainNetworkOptions network_options;

  void run() {
    check_writable(out);
    std::error_code missing;
    if (std::filesystem::equivalent(out, style, missing)) {
      throw std::invalid_argument(fmt::format("-o {}: would overwrite the picture", out));
    }
    const auto network = load_adain_network(network_options, kCpu);
    const Tensor picture = resize_image(load_image(style), size, Side::longest);
    save_style(out, network->encode_style(picture), encoder_id(*network),
               std::filesystem::path(style).stem().string());
    spdlog::info("{}: {} bytes", out, std::filesystem::file_size(out));
  }
};

}  // namespace

void add_style_command(CLI::App& app) {
  CLI::App* style = app.add_subcommand("style", "Encode a painting once, for `nst adain`");
  style->require_subcommand(1);
  auto command = std::make_shared<EncodeCommand>();
  CLI::App* encode =
      style->add_subcommand("encode", "Write all that a network knows of a painting to a file");
  encode->footer(kExamples);
  encode->add_option("style", command->style, "The painting")->required();
  encode->add_option("-o,--out", command->out, "The file to write, a few kilobytes")->required();
  encode->add_option("--style-size", command->size, "Longer side of the painting; sets the size of the brush")
      ->capture_default_str()
      ->check(number_in(16, 65536));
  add_adain_network_options(*encode, command->network_options);
  encode->callback([command] { command->run(); });
}

}  // namespace nst::tools
