// What the study ladders have in common. A ladder (kernels/study/matmul, conv2d, gram, instance_norm)
// computes one thing several times, each rung a small change to the one before it; its table of rungs feeds
// the tests (tests/study), the kernel bench (bench/kernels) and the tables of docs/kernels.md.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/context.h"

namespace nst::kernels::study {

// What one run moves and computes, counted from the shape and the rung's tiles: what its "bottleneck" line
// rests on.
struct Cost {
  double flop = 0;          // multiplications and additions of the rung itself, which Winograd has fewer of
  double dram_bytes = 0;    // what must come from memory or go there, if L2 keeps what is read again soon
  double l2_bytes = 0;      // what travels between L2 and the multiprocessors, after coalescing
  double shared_bytes = 0;  // what travels between shared memory and registers, bank conflicts counted
  bool tensor_cores = false;
};

// One rung. `left`, `right` and `out` are on the device; what they hold, the ladder's header says.
template <class Shape>
struct Rung {
  std::string_view name;  // the file's: "03_shared_tile"
  std::string_view idea;  // in a few words, for a table
  void (*run)(const CudaContext& context, const Shape& shape, const float* left, const float* right,
              float* out);
  Cost (*cost)(const Shape& shape);
  double tolerance;                               // against float64, relative to the largest result
  bool (*can_run)(const Shape& shape) = nullptr;  // null: any shape
};

}  // namespace nst::kernels::study
