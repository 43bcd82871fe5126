#include "nn/file_bytes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace nst::nn {
namespace {

constexpr size_t kMaxMessage = 500;  // characters

// Closes the descriptor however the function that opened it is left.
struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

class Mapping {
 public:
  Mapping(void* address, size_t size) : address_(address), size_(size) {}
  ~Mapping() { ::munmap(address_, size_); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

 private:
  void* address_;
  size_t size_;
};

}  // namespace

FileBytes FileBytes::map(const std::filesystem::path& path) {
  const auto failed = [&](int error) {
    const std::string reason = error == ENOENT   ? "no such file"
                               : error == EISDIR ? "is a folder"
                                                 : std::generic_category().message(error);
    throw std::runtime_error(fmt::format("{}: {}", path.string(), reason));
  };
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};  // a pipe must not block
  struct stat status {};
  if (file.value < 0 || ::fstat(file.value, &status) != 0) failed(errno);
  if (S_ISDIR(status.st_mode)) failed(EISDIR);
  if (!S_ISREG(status.st_mode)) {
    throw std::runtime_error(fmt::format("{}: not a regular file", path.string()));
  }
  const auto size = static_cast<size_t>(status.st_size);
  if (size == 0) return from({}, path.string());
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.value, 0);
  if (address == MAP_FAILED) failed(errno);
  return {std::make_shared<Mapping>(address, size),
          {static_cast<const std::byte*>(address), size},
          path.string()};
}

FileBytes FileBytes::from(std::vector<std::byte> bytes, std::string name) {
  const auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  return {owner, *owner, std::move(name)};
}

void FileBytes::fail(std::string_view message) const {
  // The message may quote the file, which may hold anything: no control characters, no endless names.
  std::string text(message.substr(0, kMaxMessage));
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  throw std::runtime_error(fmt::format("{}: {}", name_, text));
}

}  // namespace nst::nn
