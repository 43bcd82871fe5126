// The device's memory: what cudaMalloc gave out, known block by block.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cuda_on_cpu {

// Uninitialised device memory is NaN. Null when it is refused (more than 64 GiB).
void* device_allocate(size_t bytes);
// False when `block` did not come from device_allocate().
bool device_free(void* block);
// Whether [memory, memory + bytes) lies within one live block.
bool is_device_memory(const void* memory, size_t bytes);
size_t device_bytes_in_use();
// Where something was written outside of all blocks, close to one, since the last call, in words; empty when
// nowhere. (With AddressSanitizer that has stopped the program already.)
std::string stray_write();

// A copy of all live device memory.
class Snapshot {
 public:
  Snapshot();
  void restore() const;
  // Where device memory differs from the copy, in words; empty when nowhere.
  std::string difference() const;

 private:
  struct Copy {
    unsigned char* block;
    std::vector<unsigned char> bytes;
  };
  std::vector<Copy> copies_;
};

}  // namespace cuda_on_cpu
