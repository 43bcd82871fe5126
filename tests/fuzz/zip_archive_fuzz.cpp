#include "nn/zip_archive.h"

#include "tests/fuzz/fuzz.h"

using namespace nst;

constexpr uint64_t kMaxEntry = 1 << 24;  // bytes

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::read_untrusted([&] {
    const nn::ZipArchive archive(fuzz::file_of(data, size));
    for (const auto& [name, entry] : archive.entries()) {
      if (entry.bytes > kMaxEntry) continue;  // their readers look at the size first, too
      fuzz::read_untrusted([&, &entry = entry] { archive.read(entry); });
    }
  });
}
