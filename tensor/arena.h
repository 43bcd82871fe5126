// The placement policy of a pool, apart from any memory: which offsets of an address range are free.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace nst {

// Best fit with immediate coalescing of neighbours: the smallest hole that fits, the lowest address among
// equals. O(log holes) per call.
class Arena {
 public:
  // An empty range; grow() adds to its end.
  Arena() = default;

  // The offset of `size` free bytes, now taken; nothing when no hole is large enough.
  std::optional<size_t> take(size_t size);
  // Gives a taken block back; returns its size. The offset must have come from take().
  size_t give_back(size_t offset);
  // Adds `size` free bytes at the end of the range.
  void grow(size_t size);
  // Bytes of the range, and how many of them are free at its very end.
  size_t size() const { return size_; }
  size_t free_at_end() const;
  // Every hole as (offset, size).
  std::vector<std::pair<size_t, size_t>> holes() const { return {by_offset_.begin(), by_offset_.end()}; }

 private:
  void insert_hole(size_t offset, size_t size);
  void erase_hole(std::map<size_t, size_t>::iterator hole);

  std::map<size_t, size_t> by_offset_;           // holes: offset -> size
  std::set<std::pair<size_t, size_t>> by_size_;  // the same holes as (size, offset)
  std::unordered_map<size_t, size_t> taken_;     // blocks: offset -> size
  size_t size_ = 0;
};

}  // namespace nst
