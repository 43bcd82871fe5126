// Films in the commands that paint pictures in one pass: their options, and the way from film to film.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "nst/film_smoothing.h"
#include "nst/film_writer.h"
#include "tensor/tensor.h"

namespace nst::tools {

struct FilmOptions {
  double smooth = SmoothingOptions{}.strength;
  int crf = FilmWriterOptions{}.crf;
  bool json = false;
  const CLI::App* command = nullptr;  // whose options they are
};

// Declares --smooth, --crf and --json.
void add_film_options(CLI::App& command, FilmOptions& options);
// Throws std::invalid_argument when one of them is given without a film.
void check_film_options(const FilmOptions& options, bool any_film);

// Throws what writing a film to `out` would throw now, std::invalid_argument also when one of the `inputs`
// would be overwritten. To be asked before any work.
void check_film_output(const std::string& out, const std::vector<std::string>& inputs);

// One picture of the film, (1, H, W, 3), 0..1, to a painted one of the same size.
using PaintFrame = std::function<Tensor(const Tensor& picture)>;

// Paints `film` to `out` with its sound, smoothed, at `size` pixels on the longer side (0: its own), telling
// its progress. Throws what FilmReader and FilmWriter throw, and Interrupted after catch_interrupts(); then
// `out` is as it was before.
void paint_film(const std::filesystem::path& film, const std::filesystem::path& out, int64_t size, bool quiet,
                const FilmOptions& options, const PaintFrame& paint);

}  // namespace nst::tools
