#include "runner/device_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>

namespace cuda_on_cpu {
namespace {

constexpr size_t kAlignment = 256;
constexpr int kUnwritten = 0xff;  // of every byte: a NaN, whatever it is read as
// Around each block, unwritten: who reads beyond the block gets NaN, and who writes there is found out.
// AddressSanitizer has its own red zones around what malloc gives.
#ifdef __SANITIZE_ADDRESS__
constexpr size_t kGuard = 0;
#else
constexpr size_t kGuard = kAlignment;
#endif

bool unwritten(const unsigned char* begin, size_t bytes) {
  return std::all_of(begin, begin + bytes, [](unsigned char byte) { return byte == kUnwritten; });
}

// Start and size.
std::map<unsigned char*, size_t>& blocks() {
  static auto* const map = new std::map<unsigned char*, size_t>;
  return *map;
}
size_t in_use = 0;

}  // namespace

void* device_allocate(size_t bytes) {
  if (bytes > size_t{64} << 30) return nullptr;
  void* memory = nullptr;
  if (posix_memalign(&memory, kAlignment, std::max<size_t>(bytes + 2 * kGuard, 1)) != 0) return nullptr;
  std::memset(memory, kUnwritten, bytes + 2 * kGuard);
  auto* const block = static_cast<unsigned char*>(memory) + kGuard;
  blocks()[block] = bytes;
  in_use += bytes;
  return block;
}

bool device_free(void* block) {
  if (!block) return true;
  const auto found = blocks().find(static_cast<unsigned char*>(block));
  if (found == blocks().end()) return false;
  in_use -= found->second;
  std::memset(block, kUnwritten, found->second);  // whoever still reads it shall notice
  std::free(found->first - kGuard);
  blocks().erase(found);
  return true;
}

std::string stray_write() {
  for (const auto& [block, bytes] : blocks()) {
    const bool before = !unwritten(block - kGuard, kGuard), behind = !unwritten(block + bytes, kGuard);
    if (!before && !behind) continue;
    std::memset(block - kGuard, kUnwritten, kGuard);
    std::memset(block + bytes, kUnwritten, kGuard);
    return fmt::format("{} a device block of {} bytes", before ? "before" : "behind", bytes);
  }
  return {};
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
