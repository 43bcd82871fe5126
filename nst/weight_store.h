// The weights a user has: a folder of our own safetensors files, filled from the sources of the manifest.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "nst/weight_manifest.h"

namespace nst {

// $NST_WEIGHTS_DIR, else $XDG_CACHE_HOME/nst/weights, else ~/.cache/nst/weights.
std::filesystem::path weights_folder();
// Where an entry of the manifest is stored, whether it is there or not.
std::filesystem::path stored_weights(const WeightEntry& entry);
// The manifest's entry; throws std::invalid_argument listing the names when there is none.
const WeightEntry& weight_entry(std::string_view name);

// The file for a name of the manifest, or for the path of a file; `./vgg16` is a file of that name. Throws
// std::runtime_error saying what to do when the weights have not been fetched or the file is not there,
// std::invalid_argument when it is neither.
std::filesystem::path find_weights(const std::string& name_or_path);

struct WeightEvents {
  std::function<void(const std::string&)> message{};              // what is being done
  std::function<void(uint64_t done, uint64_t total)> progress{};  // of a download, bytes; total 0 if unknown
  std::function<bool()> stopped{};                                // whether to give up; asked now and then
};

// Fetches an entry from the first of its sources that can be reached, checks its hashes, converts it to
// safetensors under canonical names and stores it, all or nothing. What is stored already is kept unless it
// is damaged. Returns its path. Throws std::runtime_error: when the folder cannot be written or another
// process is fetching the same; when no source works, with every one's reason and what to do by hand; when
// stopped, after which the next call resumes what it can. A file with a wrong hash is removed.
std::filesystem::path get_weights(const WeightEntry& entry, const WeightEvents& events = {});

// The same from a file at hand: one of the sources' files, known by its hash, or any weight file of the
// entry's network and preprocessing.
std::filesystem::path get_weights_from(const WeightEntry& entry, const std::filesystem::path& file,
                                       const WeightEvents& events = {});

// Reads any weight file of a VGG and writes it as safetensors under canonical names, all or nothing.
void convert_weights(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace nst
