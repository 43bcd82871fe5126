// Whole files in and out, such that nobody ever sees half of one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace nst {

// The bytes of a file, pipe or device, up to its end. Throws std::runtime_error naming the file and the
// reason ("photo.jpg: no such file") when it cannot be read, is a folder, or holds more than `max_bytes`.
std::vector<std::byte> read_file(const std::filesystem::path& path, size_t max_bytes);

// A regular file's bytes where they lie: mapped, not read, so that looking here and there in a large file
// costs nothing for what lies between. A file that another program cuts short meanwhile ends this one
// (SIGBUS).
class MappedFile {
 public:
  // Throws std::runtime_error naming the file and the reason, as read_file does, also for pipes and devices.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

// A file being written under a temporary name beside its destination; commit() puts it in place, and until
// then whatever stood at the destination stands there unchanged. Destroyed without commit(), it leaves
// nothing. A destination that is a pipe or a device is written to directly, and one that is a symbolic link
// has its target replaced. Every function throws std::runtime_error naming the destination and the reason.
class AtomicFile {
 public:
  // Creates the temporary file.
  explicit AtomicFile(const std::filesystem::path& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Appends.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  // Writes at `offset` bytes from the beginning, over what is there or beyond the end; what write() appends
  // goes where it would have gone without. Pipes cannot.
  void write_at(int64_t offset, std::span<const std::byte> bytes);
  // Waits until the bytes are on the disk, then gives the file its name. To be called once, last.
  void commit();

 private:
  [[noreturn]] void fail(int error) const;

  std::filesystem::path path_;       // as the caller named it, for messages
  std::filesystem::path target_;     // with links followed
  std::filesystem::path temporary_;  // empty when writing to the target directly, and after commit()
  int file_ = -1;
};

// An AtomicFile with these bytes, committed.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

// Throws the std::runtime_error that an AtomicFile at `path` would throw now, so that hours of work do not
// end in a misspelt folder. Leaves nothing behind.
void check_writable(const std::filesystem::path& path);

}  // namespace nst
