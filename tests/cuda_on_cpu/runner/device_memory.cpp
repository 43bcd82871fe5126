#include "runner/device_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>

namespace cuda_on_cpu {
namespace {

// Start and size. Blocks are malloc's own, so that AddressSanitizer puts its red zones around each.
std::map<unsigned char*, size_t>& blocks() {
  static auto* const map = new std::map<unsigned char*, size_t>;
  return *map;
}
size_t in_use = 0;

}  // namespace

void* device_allocate(size_t bytes) {
  if (bytes > size_t{64} << 30) return nullptr;
  constexpr size_t kAlignment = 256;
  void* block = nullptr;
  if (posix_memalign(&block, kAlignment, std::max<size_t>(bytes, 1)) != 0) return nullptr;
  std::memset(block, 0xff, bytes);
  blocks()[static_cast<unsigned char*>(block)] = bytes;
  in_use += bytes;
  return block;
}

bool device_free(void* block) {
  if (!block) return true;
  const auto found = blocks().find(static_cast<unsigned char*>(block));
  if (found == blocks().end()) return false;
  in_use -= found->second;
  std::memset(block, 0xff, found->second);  // whoever still reads it shall notice
  blocks().erase(found);
  std::free(block);
  return true;
}

bool is_device_memory(const void* memory, size_t bytes) {
  auto* const begin = static_cast<unsigned char*>(const_cast<void*>(memory));
  auto block = blocks().upper_bound(begin);
  if (block == blocks().begin()) return false;
  --block;
  return begin + bytes <= block->first + block->second;
}

size_t device_bytes_in_use() { return in_use; }

Snapshot::Snapshot() {
  for (const auto& [block, bytes] : blocks()) copies_.push_back({block, {block, block + bytes}});
}

void Snapshot::restore() const {
  for (const Copy& copy : copies_) {
    if (!copy.bytes.empty()) std::memcpy(copy.block, copy.bytes.data(), copy.bytes.size());
  }
}

std::string Snapshot::difference() const {
  for (const Copy& copy : copies_) {
    const auto [here, there] = std::mismatch(copy.bytes.begin(), copy.bytes.end(), copy.block);
    if (here == copy.bytes.end()) continue;
    return fmt::format("byte {} of a device block of {}", here - copy.bytes.begin(), copy.bytes.size());
  }
  return {};
}

}  // namespace cuda_on_cpu
