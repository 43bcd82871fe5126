#include "nn/file_bytes.h"

#include <fmt/format.h>

#include <stdexcept>

#include "tensor/file.h"
#include "tensor/printable.h"

namespace nst::nn {
namespace {

constexpr size_t kMaxMessage = 500;  // bytes

}  // namespace

FileBytes FileBytes::map(const std::filesystem::path& path) {
  const auto file = std::make_shared<const MappedFile>(path);
  return {file, file->bytes(), path.string()};
}

FileBytes FileBytes::from(std::vector<std::byte> bytes, std::string name) {
  const auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  return {owner, *owner, std::move(name)};
}

void FileBytes::fail(std::string_view message) const {
  // The message may quote the file, which may hold anything.
  throw std::runtime_error(fmt::format("{}: {}", name_, printable(message, kMaxMessage)));
}

}  // namespace nst::nn
