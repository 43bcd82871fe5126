#include "tools/film_command.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <optional>
#include <stdexcept>

#include "nst/image.h"
#include "tools/commands.h"
#include "tools/interrupt.h"
#include "tools/option_checks.h"
#include "tools/progress.h"

namespace nst::tools {

void add_film_options(CLI::App& command, FilmOptions& options) {
  options.command = &command;
  command
      .add_option(
          "--smooth", options.smooth,
          "Against flicker: how much of the picture before stays where the film stands still; 0 for none")
      ->capture_default_str()
      ->check(number_in(0, 1))
      ->group("Films");
  command
      .add_option("--crf", options.crf,
                  "Quality of the film that is written: 0 loses nothing, 51 is the worst")
      ->capture_default_str()
      ->check(whole_number_in(0, 51))
      ->group("Films");
  command.add_flag("--json", options.json, "Print a JSON object for each picture of a film")->group("Films");
}

void check_film_options(const FilmOptions& options, bool any_film) {
  for (const char* name : {"--smooth", "--crf", "--json"}) {
    if (!any_film && options.command->count(name) > 0) {
      throw std::invalid_argument(fmt::format("{}: is for films", name));
    }
  }
}

void check_film_output(const std::string& out, const std::vector<std::string>& inputs) {
  if (out == "-") throw std::invalid_argument("--out -: a film needs a file");
  check_can_save_film(out);
  for (const auto& input : inputs) {
    std::error_code missing;
    if (std::filesystem::equivalent(out, input, missing)) {
      throw std::invalid_argument(fmt::format("--out {}: would overwrite {}", out, input));
    }
  }
}

void paint_film(const std::filesystem::path& film, const std::filesystem::path& out, int64_t size, bool quiet,
                const FilmOptions& options, const PaintFrame& paint) {
  const auto start = std::chrono::steady_clock::now();
  FilmReader reader(film);
  const FilmInfo& info = reader.info();
  const PictureSize painted_size = size > 0 ? resized(info.size, size, Side::longest) : info.size;
  FilmWriter writer(out, info, painted_size, {.crf = options.crf, .sound_from = film});
  const ProgressStyle style = options.json ? ProgressStyle::json
                              : quiet      ? ProgressStyle::quiet
                                           : ProgressStyle::automatic;
  std::optional<Progress> progress(std::in_place, style, static_cast<int>(info.frames));
  if (!writer.sound_problem().empty()) {
    progress->message(writer.sound_problem() + "; the result is without it");
  }
  FilmSmoothing smooth({.strength = options.smooth});
  const double tick = static_cast<double>(info.tick.numerator) / static_cast<double>(info.tick.denominator);
  int done = 0;
  while (auto frame = reader.next()) {
    if (interrupted()) {
      throw Interrupted(fmt::format("stopped after {} of {} pictures of {}; nothing was written", done,
                                    info.frames, film.string()));
    }
    const Tensor picture = resize_image(frame->picture, painted_size.height, painted_size.width);
    writer.write(smooth(picture, paint(picture)), frame->time);
    progress->update(++done, {{"seconds", static_cast<double>(frame->time) * tick}});
  }
  const bool told = !writer.sound_problem().empty();
  writer.commit();
  if (!told && !writer.sound_problem().empty()) progress->message(writer.sound_problem());
  if (const int64_t damaged = reader.damaged_packets(); damaged > 0) {
    progress->message(
        fmt::format("{}: damaged: {} of {} packets could not be read", film.string(), damaged, info.frames));
  }
  progress.reset();
  if (options.json) return;
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  spdlog::info("{}: {} pictures of {} x {} in {:.1f} s", out.string(), done, painted_size.width & ~1,
               painted_size.height & ~1, seconds.count());
}

}  // namespace nst::tools
