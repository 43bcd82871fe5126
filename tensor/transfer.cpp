#include "tensor/transfer.h"

#include <cstring>

#include "tensor/cuda_backend.h"

namespace nst {

void copy_bytes(void* to, Device to_device, const void* from, Device from_device, size_t bytes) {
  if (bytes == 0) return;
  if (to_device.type != DeviceType::cpu || from_device.type != DeviceType::cpu) {
    return cuda_copy_bytes(to, to_device, from, from_device, bytes);
  }
  std::memcpy(to, from, bytes);
}

}  // namespace nst
