// Copies between host and device memory.
#pragma once

#include <cstddef>

#include "tensor/device.h"

namespace nst {

// Copies `bytes` bytes from one device's memory to another's (or within one); the host may use the result
// when it returns. The ranges must not overlap.
void copy_bytes(void* to, Device to_device, const void* from, Device from_device, size_t bytes);

}  // namespace nst
