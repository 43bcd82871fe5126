// Memory for tensors. A pool hands freed blocks out again, so that a steady-state optimisation step asks
// the operating system for nothing, and counts what is in use, so that peak memory can be reported.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/device.h"

namespace nst {

struct MemoryStats {
  size_t in_use = 0;         // bytes of live blocks
  size_t peak = 0;           // the largest in_use since the last reset_peak()
  size_t reserved = 0;       // bytes taken from the system so far
  int64_t system_calls = 0;  // how often memory was taken from the system
};

class Allocator {
 public:
  virtual ~Allocator() = default;
  // At least `bytes` bytes, aligned to 64. Throws std::runtime_error when the system has no more.
  virtual void* allocate(size_t bytes) = 0;
  // Takes back what allocate() returned; never throws.
  virtual void deallocate(void* block) noexcept = 0;
  virtual MemoryStats stats() const = 0;
  virtual void reset_peak() = 0;
  // Gives the physical memory of free blocks back to the system.
  virtual void trim() = 0;
};

// The pool of a device. Thread-safe; lives until the program ends. Throws std::runtime_error when this
// build or machine has no such device.
Allocator& allocator(Device device = kCpu);

// While on, every new tensor is filled with NaN, bytes with 0xa5, so that a kernel that leaves an element
// unwritten is caught. For tests; costs a pass over memory.
void poison_new_tensors(bool on);
bool poisoning_new_tensors();

}  // namespace nst
