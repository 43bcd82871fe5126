// Working memory of kernels that outlives a call, so that a steady state allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nst::kernels {

// At least `bytes` uninitialised bytes, aligned to a cache line; see scratch().
void* scratch_bytes(size_t bytes);

// At least `count` uninitialised elements that belong to the calling thread until it next calls scratch():
// a kernel asks once per thread and carves up what it gets. Grows, never shrinks.
template <class T>
T* scratch(int64_t count) {
  return static_cast<T*>(scratch_bytes(static_cast<size_t>(count) * sizeof(T)));
}

}  // namespace nst::kernels
