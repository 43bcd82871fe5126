// nst_paint: paints the style pictures of examples/styles.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>

#include "examples/paint/kinds.h"
#include "examples/paint/picture_file.h"

int main(int argc, char** argv) {
  using namespace nst::paint;

  CLI::App app{"Paints a picture to take a style from. The same kind, size and seed give the same picture."};
  app.set_version_flag("--version", "nst_paint " NST_VERSION);
  std::string kind_name;
  int size = 768;
  std::uint32_t seed = 7;
  std::filesystem::path out;
  bool list = false;
  app.add_flag("--list", list, "List the kinds of pictures and exit");
  auto* kind_option = app.add_option("--kind", kind_name, "Which picture, see --list");
  app.add_option("--size", size, "Width and height in pixels")
      ->check(CLI::Range(64, 2048))
      ->capture_default_str();
  app.add_option("--seed", seed, "What differs from one painting to the next")->capture_default_str();
  auto* out_option = app.add_option("--out", out, "The file to write, .png or .jpg");
  CLI11_PARSE(app, argc, argv);

  try {
    if (list) {
      for (const Kind& kind : kinds()) std::cout << kind.name << "\t" << kind.description << "\n";
      return 0;
    }
    if (kind_option->count() == 0) throw std::invalid_argument("--kind is required, see --list");
    if (out_option->count() == 0) throw std::invalid_argument("--out is required");
    const Kind& kind = find_kind(kind_name);
    check_picture_path(out);
    Canvas canvas(size);
    kind.paint(canvas, seed);
    write_picture(out, size, canvas.finish(kind.light));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "nst_paint: " << error.what() << "\n";
    return 1;
  }
}
