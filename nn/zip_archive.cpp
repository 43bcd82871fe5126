#include "nn/zip_archive.h"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>

namespace nst::nn {
namespace {

constexpr size_t kPiece = 1 << 20;  // bytes

zip_t* handle(const std::shared_ptr<void>& zip) { return static_cast<zip_t*>(zip.get()); }

}  // namespace

ZipArchive::ZipArchive(const FileBytes& file) : file_(file) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(file.bytes().data(), file.size(), 0, &error);
  zip_t* opened = source ? zip_open_from_source(source, ZIP_RDONLY, &error) : nullptr;
  if (!opened) {
    const std::string reason = zip_error_strerror(&error);
    if (source) zip_source_free(source);
    zip_error_fini(&error);
    file.fail(fmt::format("damaged zip archive: {}", reason));
  }
  zip_error_fini(&error);
  zip_ = std::shared_ptr<void>(opened, [](void* zip) { zip_discard(static_cast<zip_t*>(zip)); });
  const auto count = static_cast<uint64_t>(zip_get_num_entries(opened, 0));
  for (uint64_t index = 0; index < count; ++index) {
    zip_stat_t status;
    if (zip_stat_index(opened, index, 0, &status) != 0 || !(status.valid & ZIP_STAT_NAME) ||
        !(status.valid & ZIP_STAT_SIZE)) {
      file.fail(fmt::format("damaged zip archive: {}", zip_strerror(opened)));
    }
    entries_.try_emplace(status.name, Entry{status.name, index, status.size});
  }
}

const ZipArchive::Entry* ZipArchive::find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

void ZipArchive::read(const Entry& entry, const std::function<void(std::span<const std::byte>)>& sink) const {
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> opened(
      zip_fopen_index(handle(zip_), entry.index, 0), zip_fclose);
  if (!opened) file_.fail(fmt::format("zip entry {}: {}", entry.name, zip_strerror(handle(zip_))));
  std::vector<std::byte> piece(static_cast<size_t>(std::min<uint64_t>(kPiece, entry.bytes)) + 1);
  uint64_t total = 0;
  // The read that finds the end also checks the CRC, so it is never left out.
  for (;;) {
    const zip_int64_t count = zip_fread(opened.get(), piece.data(), piece.size());
    if (count < 0) {
      file_.fail(
          fmt::format("zip entry {}: {}", entry.name, zip_error_strerror(zip_file_get_error(opened.get()))));
    }
    if (count == 0) break;
    total += static_cast<uint64_t>(count);
    if (total > entry.bytes) break;
    sink({piece.data(), static_cast<size_t>(count)});
  }
  if (total != entry.bytes) {
    file_.fail(
        fmt::format("zip entry {} is not the {} bytes that the archive says", entry.name, entry.bytes));
  }
}

std::vector<std::byte> ZipArchive::read(const Entry& entry) const {
  std::vector<std::byte> content;
  read(entry,
       [&](std::span<const std::byte> piece) { content.insert(content.end(), piece.begin(), piece.end()); });
  return content;
}

}  // namespace nst::nn
