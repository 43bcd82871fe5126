// What a rung should take, if only one thing held it up: the time of its busiest resource (Williams et al.
// 2009, the roofline, with more roofs than one).
//   seconds = max over the resources of  work / rate
// and for what has too little on its way at once, Little's law:  bytes / (bytes in flight / latency).
// It is a limit from below: nothing overlaps perfectly, clocks fall under load, a grid's last wave is not
// full, and a launch costs some microseconds.
#pragma once

#include <algorithm>
#include <array>

#include "kernels/study/ladder.h"

namespace nst::kernels::study {

// A device's peaks, per second.
struct DeviceLimits {
  std::string_view name;
  double fp32_flops, tf32_flops;
  double dram_bytes, l2_bytes, shared_bytes;
  double instructions;  // of warps, issued
  double dram_latency;  // seconds
  int multiprocessors;
};

// H100 SXM5 (NVIDIA H100 Tensor Core GPU Architecture, 2022, and the product's data sheet): 132
// multiprocessors, 66.9 TFLOP/s in float32, 494.7 in TF32 without sparsity, HBM3 at 3.35 TB/s. The rest is
// derived:
// - the clock, from 132 multiprocessors x 128 FMA units x 2 FLOP = 66.9e12 / 1.98 GHz;
// - L1 and shared memory, a wavefront a cycle in each multiprocessor;
// - instructions, one a cycle from each of a multiprocessor's four schedulers: just what the FMA units take,
//   so that every load costs an FMA;
// - L2, 5120 bytes a cycle, which NVIDIA states for the A100 and for Hopper does not. Measured rates of both
//   are a good deal lower;
// - the latency of DRAM, 480 cycles, as measured by Luo et al. 2024 (arXiv 2402.13499).
// The same authors reach 63% of the tensor cores' peak with mma.sync, the rest being left to wgmma.
inline constexpr double kH100Clock = 1.98e9;
inline constexpr DeviceLimits kH100Sxm{.name = "H100 SXM",
                                       .fp32_flops = 66.9e12,
                                       .tf32_flops = 494.7e12,
                                       .dram_bytes = 3.35e12,
                                       .l2_bytes = 5120 * kH100Clock,
                                       .shared_bytes = 132 * kWavefrontBytes * kH100Clock,
                                       .instructions = 132 * 4 * kH100Clock,
                                       .dram_latency = 480 / kH100Clock,
                                       .multiprocessors = 132};

struct Prediction {
  double seconds;
  std::string_view bound_by;
};

constexpr double peak_flops(const Cost& cost, const DeviceLimits& device) {
  return cost.tensor_cores ? device.tf32_flops : device.fp32_flops;
}

constexpr Prediction predict(const Cost& cost, const DeviceLimits& device) {
  struct Roof {
    double seconds;
    std::string_view name;
  };
  // Of what belongs to a multiprocessor, the part whose multiprocessors have a block.
  const double busy =
      cost.blocks > 0 && cost.blocks < device.multiprocessors ? cost.blocks / device.multiprocessors : 1;
  const double waits = cost.bytes_in_flight > 0 ? cost.l2_bytes / cost.bytes_in_flight : 0;
  const std::array roofs{
      Roof{cost.flop / (peak_flops(cost, device) * busy), cost.tensor_cores ? "tensor cores" : "FMA units"},
      Roof{cost.dram_bytes / device.dram_bytes, "DRAM"},
      Roof{cost.l2_bytes / device.l2_bytes, "L2"},
      Roof{cost.shared_bytes / (device.shared_bytes * busy), "L1 and shared"},
      Roof{cost.instructions / (device.instructions * busy), "issue slots"},
      Roof{waits * device.dram_latency, "latency"},
  };
  const Roof& lowest = *std::max_element(roofs.begin(), roofs.end(),
                                         [](const Roof& a, const Roof& b) { return a.seconds < b.seconds; });
  return {lowest.seconds, lowest.name};
}

// The roofline proper: the least time for the rung's arithmetic, and for the bytes that any rung has to move.
constexpr double roofline_seconds(const Cost& cost, double least_bytes, const DeviceLimits& device) {
  return std::max(cost.flop / peak_flops(cost, device), least_bytes / device.dram_bytes);
}

}  // namespace nst::kernels::study
