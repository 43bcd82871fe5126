#include "tensor/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace nst {
namespace {

// One call's worth; Linux transfers at most 0x7ffff000 bytes at a time.
constexpr size_t kChunk = size_t{1} << 26;

[[noreturn]] void fail_to_read(const std::filesystem::path& path, int error) {
  const std::string reason = error == ENOENT   ? "no such file"
                             : error == EISDIR ? "is a folder"
                                               : std::generic_category().message(error);
  throw std::runtime_error(fmt::format("{}: {}", path.string(), reason));
}

// A file or pipe opened for reading.
class Input {
 public:
  // `flags` are added to open()'s. Throws when it is not there, or is a folder.
  explicit Input(const std::filesystem::path& path, int flags = 0)
      : descriptor_{::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags)} {
    if (file() < 0 || ::fstat(file(), &status_) != 0) fail_to_read(path, errno);
    if (S_ISDIR(status_.st_mode)) fail_to_read(path, EISDIR);
  }

  int file() const { return descriptor_.file; }
  bool regular() const { return S_ISREG(status_.st_mode); }
  size_t size() const { return static_cast<size_t>(status_.st_size); }  // of a regular file

 private:
  // A member, so that it is closed also when the constructor throws.
  struct Descriptor {
    ~Descriptor() {
      if (file >= 0) ::close(file);
    }
    int file;
  };
  const Descriptor descriptor_;
  struct stat status_ {};
};

// A name no other process and no other thread of this one is using.
std::filesystem::path temporary_name(const std::filesystem::path& folder) {
  static std::atomic<unsigned> count = 0;
  return folder / fmt::format(".nst-{}-{}.tmp", ::getpid(), count++);
}

}  // namespace

std::vector<std::byte> read_file(const std::filesystem::path& path, size_t max_bytes) {
  const Input input(path);
  // A regular file says how long it is; a pipe does not, and its buffer grows as it is read. One byte more
  // than expected is asked for, so that the end is seen.
  const size_t expected = input.regular() ? input.size() : size_t{1} << 16;
  std::vector<std::byte> bytes;
  size_t used = 0;
  do {
    if (used > max_bytes || (input.regular() && expected > max_bytes)) {
      throw std::runtime_error(fmt::format("{}: larger than {} bytes", path.string(), max_bytes));
    }
    if (used == bytes.size()) bytes.resize(std::max(expected + 1, 2 * used));
    const ssize_t got = ::read(input.file(), bytes.data() + used, std::min(kChunk, bytes.size() - used));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_to_read(path, errno);
    if (got == 0) break;
    used += static_cast<size_t>(got);
  } while (true);
  bytes.resize(used);
  return bytes;
}

MappedFile::MappedFile(const std::filesystem::path& path) {
  const Input input(path, O_NONBLOCK);  // opening a pipe must not wait for its other end
  if (!input.regular()) throw std::runtime_error(path.string() + ": not a regular file");
  if (input.size() == 0) return;  // mmap refuses
  void* address = ::mmap(nullptr, input.size(), PROT_READ, MAP_PRIVATE, input.file(), 0);
  if (address == MAP_FAILED) fail_to_read(path, errno);
  bytes_ = {static_cast<const std::byte*>(address), input.size()};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

AtomicFile::AtomicFile(const std::filesystem::path& path) : path_(path), target_(path) {
  std::error_code ignored;  // a path that cannot be examined fails below, where it is opened
  if (std::filesystem::is_symlink(path, ignored)) target_ = std::filesystem::weakly_canonical(path, ignored);
  struct stat status {};
  const bool exists = ::stat(target_.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) fail(EISDIR);
  if (exists && !S_ISREG(status.st_mode)) {
    file_ = ::open(target_.c_str(), O_WRONLY | O_CLOEXEC);
    if (file_ < 0) fail(errno);
    return;
  }
  // A rename asks only the folder; a file that its owner has protected is to stay.
  if (exists && ::access(target_.c_str(), W_OK) != 0) fail(errno);
  // mkstemp would create a file that only its owner may read; this way the umask decides, as for any file.
  do {
    temporary_ = temporary_name(target_.parent_path());
    file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (file_ < 0 && errno == EEXIST);
  if (file_ < 0) {
    const int error = errno;
    temporary_.clear();
    fail(error);
  }
  // A file system without modes is no reason not to write.
  if (exists) [[maybe_unused]]
    const int kept = ::fchmod(file_, status.st_mode & 07777);
}

AtomicFile::~AtomicFile() {
  if (file_ >= 0) ::close(file_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), std::min(kChunk, bytes.size()));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(errno);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

void AtomicFile::write_at(int64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file_, bytes.data(), std::min(kChunk, bytes.size()), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(errno);
    offset += written;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

void AtomicFile::commit() {
  // Without this a crash soon after the rename may leave the new name with an empty file.
  if (!temporary_.empty() && ::fsync(file_) != 0) fail(errno);
  const int file = std::exchange(file_, -1);
  if (::close(file) != 0) fail(errno);
  if (temporary_.empty()) return;
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail(errno);
  temporary_.clear();
}

void AtomicFile::fail(int error) const {
  const std::string reason = error == ENOENT   ? "the folder does not exist"
                             : error == EISDIR ? "is a folder"
                                               : std::generic_category().message(error);
  throw std::runtime_error(fmt::format("{}: cannot write: {}", path_.string(), reason));
}

void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

void check_writable(const std::filesystem::path& path) { const AtomicFile file(path); }

}  // namespace nst
