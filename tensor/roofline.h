// What a device can do at best, measured: the two limits every kernel runs against (Williams, Waterman &
// Patterson 2009, "Roofline").
#pragma once

#include "tensor/device.h"

namespace nst {

struct Roofline {
  double flops = 0;      // float32 multiplications and additions a second, fused, from registers
  double bandwidth = 0;  // bytes a second read and written together by y += a x over arrays beyond any cache

  // The least time that this much work can take.
  double seconds(double work_flops, double bytes) const;
};

// How long to look: `seconds` for each measurement, and arrays of `bytes` each.
struct RooflineEffort {
  double seconds = 0.1;
  size_t bytes = size_t{1} << 28;
};

// Of the CPU with as many threads as the kernels use, or of a CUDA device in its present math mode: in tf32
// and the 16-bit modes, `flops` are those of the tensor cores under mma.sync.
Roofline measure_roofline(Device device, const RooflineEffort& effort = {});

}  // namespace nst
