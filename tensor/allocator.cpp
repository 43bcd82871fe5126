#include "tensor/allocator.h"

#include <atomic>

#include "tensor/cpu_allocator.h"
#include "tensor/cuda_backend.h"

namespace nst {
namespace {

std::atomic<bool> poison_tensors{false};

}  // namespace

Allocator& allocator(Device device) {
  if (device.type != DeviceType::cpu) return cuda_allocator(device);
  return cpu_allocator();
}

CpuAllocator& cpu_allocator() {
  // Never destroyed: tensors in static storage may outlive any static pool.
  static auto* const pool = new CpuAllocator;
  return *pool;
}

void poison_new_tensors(bool on) { poison_tensors = on; }
bool poisoning_new_tensors() { return poison_tensors; }

}  // namespace nst
