// Arithmetic from registers alone, as much at a time as the device takes: what the roof of tensor/roofline.h
// is measured with. No network calls it.
#pragma once

#include "kernels/context.h"

namespace nst::kernels {

// What one round of peak_multiply_add() is, on this device in its math mode.
struct PeakWork {
  int64_t sums;           // elements of `sums`, one for each thread
  int64_t multiply_adds;  // of a round, all threads together; two operations each
};
PeakWork peak_work(const CpuContext& context);
PeakWork peak_work(const CudaContext& context);

// Every thread runs `rounds` rounds of independent s = s * a + b and writes their total, so that the compiler
// cannot leave them out. float32 in the math mode: fp32 on the ordinary cores, the others on tensor cores.
NST_KERNEL(peak_multiply_add, int64_t rounds, T* sums);

}  // namespace nst::kernels
