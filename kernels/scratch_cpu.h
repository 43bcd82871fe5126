// Working memory of kernels that outlives a call, so that a steady state allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace nst::kernels {

// At least `bytes` uninitialised bytes, aligned to a cache line; see scratch().
inline void* scratch_bytes(size_t bytes) {
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(void* block) const { ::operator delete(block, kAlignment); }
  };
  static thread_local std::unique_ptr<void, Free> block;
  static thread_local size_t capacity = 0;
  if (bytes > capacity) {
    block.reset();  // before the new one is taken, so that both never exist at once
    capacity = 0;
    block.reset(::operator new(bytes, kAlignment));
    capacity = bytes;
  }
  return block.get();
}

// At least `count` uninitialised elements that belong to the calling thread until it next calls scratch():
// a kernel asks once per thread and carves up what it gets. Grows, never shrinks.
template <class T>
T* scratch(int64_t count) {
  return static_cast<T*>(scratch_bytes(static_cast<size_t>(count) * sizeof(T)));
}

}  // namespace nst::kernels
