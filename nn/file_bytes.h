// The bytes of a weight file, shared by the readers and by the tensors that are still to be read from it, and
// named in every message about it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nst::nn {

// A handle to read-only bytes: copying shares them, and the last copy unmaps the file.
class FileBytes {
 public:
  // A file's, mapped; throws what MappedFile (tensor/file.h) throws.
  static FileBytes map(const std::filesystem::path& path);
  // Takes over bytes already in memory; `name` stands for the path in messages.
  static FileBytes from(std::vector<std::byte> bytes, std::string name);

  std::span<const std::byte> bytes() const { return bytes_; }
  uint64_t size() const { return bytes_.size(); }
  const std::string& name() const { return name_; }
  // Some of the bytes, which must be there.
  FileBytes slice(uint64_t begin, uint64_t count) const {
    return {owner_, bytes_.subspan(begin, count), name_};
  }
  // Throws std::runtime_error("NAME: MESSAGE").
  [[noreturn]] void fail(std::string_view message) const;

 private:
  FileBytes(std::shared_ptr<const void> owner, std::span<const std::byte> bytes, std::string name)
      : owner_(std::move(owner)), bytes_(bytes), name_(std::move(name)) {}

  std::shared_ptr<const void> owner_;
  std::span<const std::byte> bytes_;
  std::string name_;
};

}  // namespace nst::nn
