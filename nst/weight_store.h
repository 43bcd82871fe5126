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

// The file for a name of the manifest, or for the path of a file. Throws std::runtime_error saying what to
// do when the weights have not been fetched, std::invalid_argument when it is neither.
std::filesystem::path find_weights(const std::string& name_or_path);

struct WeightEvents {
  std::function<void(const std::string&)> message{};              // what is being done
  std::function<void(uint64_t done, uint64_t total)> progress{};  // of a download, bytes
};

// Fetches an entry from the first of its sources that can be reached, checks its hashes, converts it to
// safetensors under canonical names and stores it. What is stored already is kept. Returns its path. Throws
// std::runtime_error with every source's reason when none works; a file with a wrong hash is removed.
std::filesystem::path get_weights(const WeightEntry& entry, const WeightEvents& events = {});

// Reads any weight file of a VGG and writes it as safetensors under canonical names, all or nothing.
void convert_weights(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace nst
