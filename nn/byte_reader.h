// A cursor over untrusted bytes: every read is checked.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <cstring>

#include "nn/file_bytes.h"

namespace nst::nn {

class ByteReader {
 public:
  // Reads `bytes`, which are those of `file` or of something packed in it; the file is named in messages.
  ByteReader(const FileBytes& file, std::span<const std::byte> bytes) : file_(file), bytes_(bytes) {}

  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }

  // The next `count` bytes. Throws std::runtime_error when there are fewer.
  std::span<const std::byte> take(uint64_t count) {
    if (count > remaining()) {
      file_.fail(
          fmt::format("truncated: {} bytes expected at {}, {} are left", count, position_, remaining()));
    }
    const auto taken = bytes_.subspan(position_, static_cast<size_t>(count));
    position_ += taken.size();
    return taken;
  }
  std::string_view take_text(uint64_t count) {
    const auto taken = take(count);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }
  // Little-endian.
  template <class T>
  requires(std::integral<T> || std::floating_point<T>) T number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  // Text up to the next newline, which is skipped. Throws when there is none within `limit` bytes.
  std::string_view line(size_t limit) {
    const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + position_, remaining());
    const size_t length = rest.substr(0, limit).find('\n');
    if (length == std::string_view::npos) {
      file_.fail(fmt::format("bad pickle: no end of line after {}", position_));
    }
    position_ += length + 1;
    return rest.substr(0, length);
  }

 private:
  const FileBytes& file_;
  std::span<const std::byte> bytes_;
  size_t position_ = 0;
};

}  // namespace nst::nn
