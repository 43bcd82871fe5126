// What this machine can do at best, measured: the two limits every kernel runs against (Williams, Waterman &
// Patterson 2009, "Roofline").
#pragma once

namespace nst {

struct Roofline {
  double flops = 0;  // float32 multiplications and additions a second, fused, from registers, on all threads
  double bandwidth = 0;  // bytes a second read and written together by y += a x over arrays beyond any cache

  // The least time that this much work can take.
  double seconds(double work_flops, double bytes) const;
};

// Takes about half a second on the CPU, with as many threads as the kernels use.
Roofline measure_roofline();

}  // namespace nst
