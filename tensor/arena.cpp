#include "tensor/arena.h"

namespace nst {

void Arena::insert_hole(size_t offset, size_t size) {
  auto next = by_offset_.lower_bound(offset);
  if (next != by_offset_.end() && offset + size == next->first) {
    size += next->second;
    const auto merged = next++;
    erase_hole(merged);
  }
  if (next != by_offset_.begin()) {
    const auto previous = std::prev(next);
    if (previous->first + previous->second == offset) {
      offset = previous->first;
      size += previous->second;
      erase_hole(previous);
    }
  }
  by_offset_[offset] = size;
  by_size_.insert({size, offset});
}

void Arena::erase_hole(std::map<size_t, size_t>::iterator hole) {
  by_size_.erase({hole->second, hole->first});
  by_offset_.erase(hole);
}

std::optional<size_t> Arena::take(size_t size) {
  const auto fit = by_size_.lower_bound({size, 0});
  if (fit == by_size_.end()) return std::nullopt;
  const auto [hole_size, offset] = *fit;
  erase_hole(by_offset_.find(offset));
  if (hole_size > size) {
    by_offset_[offset + size] = hole_size - size;
    by_size_.insert({hole_size - size, offset + size});
  }
  taken_[offset] = size;
  return offset;
}

size_t Arena::give_back(size_t offset) {
  const auto block = taken_.find(offset);
  const size_t size = block->second;
  taken_.erase(block);
  insert_hole(offset, size);
  return size;
}

void Arena::grow(size_t size) {
  if (size == 0) return;
  insert_hole(size_, size);
  size_ += size;
}

size_t Arena::free_at_end() const {
  if (by_offset_.empty()) return 0;
  const auto [offset, size] = *by_offset_.rbegin();
  return offset + size == size_ ? size : 0;
}

}  // namespace nst
