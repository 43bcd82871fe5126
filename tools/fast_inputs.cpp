#include "tools/fast_inputs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <stdexcept>

#include "nst/film_file.h"
#include "nst/style_library.h"

namespace nst::tools {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPictures[] = {".jpg", ".jpeg", ".png", ".bmp", ".tga",
                                          ".gif", ".psd",  ".ppm", ".pgm"};

std::string extension_of(const fs::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return std::tolower(c); });
  return extension;
}

std::vector<fs::path> pictures_in(const fs::path& folder) {
  std::vector<fs::path> pictures;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const bool picture = std::ranges::count(kPictures, extension_of(entry.path())) > 0;
    if (entry.is_regular_file() && (picture || is_named_as_film(entry.path()))) {
      pictures.push_back(entry.path());
    }
  }
  if (error) throw std::runtime_error(fmt::format("{}: {}", folder.string(), error.message()));
  if (pictures.empty())
    throw std::invalid_argument(fmt::format("{}: no pictures or films in this folder", folder.string()));
  std::ranges::sort(pictures);
  return pictures;
}

// A style's text and its weight: "swirls:0.7". A colon may also be part of a path.
struct Share {
  std::string name;
  double weight = 1;
};

Share share_of(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon + 1 == text.size()) return {text};
  double weight = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, weight);
  if (error != std::errc() || rest != end) return {text};
  if (!(weight >= 0) || !std::isfinite(weight)) {
    throw std::invalid_argument(fmt::format("--style {}: a weight must not be negative", text));
  }
  return {text.substr(0, colon), weight};
}

}  // namespace

std::vector<FastJob> fast_jobs(const std::vector<std::string>& inputs, const std::string& out) {
  std::vector<FastJob> jobs;
  bool into_folder = inputs.size() > 1 || fs::is_directory(out);
  for (const std::string& input : inputs) {
    if (input != "-" && fs::is_directory(input)) {
      into_folder = true;
      for (const auto& picture : pictures_in(input)) jobs.push_back({picture, {}});
    } else {
      jobs.push_back({input, {}});
    }
  }
  for (FastJob& job : jobs) job.film = is_film(job.from);
  if (!into_folder) {
    jobs.front().to = out;
  } else {
    if (out == "-") throw std::invalid_argument("--out -: several files need a folder");
    std::set<fs::path> names;
    for (FastJob& job : jobs) {
      const std::string extension = extension_of(job.from);
      const bool jpeg = extension == ".jpg" || extension == ".jpeg";
      const fs::path stem = job.from == "-" ? "picture" : job.from.stem();
      job.to = fs::path(out) / fs::path(stem).concat(job.film ? ".mp4" : jpeg ? ".jpg" : ".png");
      if (!names.insert(job.to).second) {
        throw std::invalid_argument(fmt::format("two of them would become {}", job.to.string()));
      }
    }
  }
  for (const FastJob& job : jobs) {
    std::error_code none;
    for (const FastJob& other : jobs) {
      if (other.from != "-" && fs::equivalent(job.to, other.from, none)) {
        throw std::invalid_argument(fmt::format("{} would replace a file that is read", job.to.string()));
      }
    }
  }
  if (into_folder) {
    std::error_code error;
    fs::create_directories(out, error);
    if (error) throw std::runtime_error(fmt::format("{}: {}", out, error.message()));
  }
  return jobs;
}

int64_t style_number(const nn::TransformModel& model, const std::string& name) {
  const auto found = std::ranges::find(model.styles, name);
  if (found != model.styles.end()) return found - model.styles.begin();
  int64_t number = -1;
  const char* end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data(), end, number);
  if (error == std::errc() && rest == end && number >= 0 && number < model.config.styles) return number;
  throw std::invalid_argument(fmt::format("--style {}: this network has {} styles{}{}", name,
                                          model.config.styles, model.styles.empty() ? "" : ": ",
                                          fmt::join(model.styles, ", ")));
}

ChosenStyle choose_style(const std::vector<std::string>& styles, const std::string& network) {
  ChosenStyle chosen;
  if (!network.empty()) chosen.model = nn::read_transform(fs::path(network));
  fs::path file = network;
  double sum = 0;
  for (const std::string& text : styles) {
    const Share share = share_of(text);
    int64_t number = 0;
    if (!network.empty()) {
      number = style_number(chosen.model, share.name);
    } else {
      BundledStyle style;
      if (fs::exists(share.name)) {
        style = {.name = share.name, .file = share.name};
      } else {
        style = bundled_style(share.name);
      }
      if (file.empty()) {
        chosen.model = nn::read_transform(style.file);
        file = style.file;
        if (fs::exists(share.name) && chosen.model.config.styles > 1) {
          throw std::invalid_argument(
              fmt::format("--style {}: has {} styles; --network {} --style NAME says which", share.name,
                          chosen.model.config.styles, share.name));
        }
      } else if (file != style.file) {
        throw std::invalid_argument(
            fmt::format("--style {}: only styles of one network can be blended", share.name));
      }
      number = style.number;
    }
    sum += share.weight;
    chosen.mix.push_back({number, share.weight});
  }
  if (chosen.mix.empty() && chosen.model.config.styles > 1)
    style_number(chosen.model, "");  // says which there are
  if (!chosen.mix.empty() && !(sum > 0)) throw std::invalid_argument("--style: all weights are zero");
  for (auto& share : chosen.mix) share.weight /= sum;
  return chosen;
}

}  // namespace nst::tools
