#include "tensor/transfer.h"

#include <cstring>
#include <stdexcept>

namespace nst {

void copy_bytes(void* to, Device to_device, const void* from, Device from_device, size_t bytes) {
  if (bytes == 0) return;
  if (to_device.type != DeviceType::cpu || from_device.type != DeviceType::cpu) {
    throw std::runtime_error("device: this build has no CUDA support");
  }
  std::memcpy(to, from, bytes);
}

}  // namespace nst
