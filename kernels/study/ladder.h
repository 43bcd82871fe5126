// What the study ladders have in common. A ladder (kernels/study/matmul, conv2d, gram, instance_norm)
// computes one thing several times, each rung a small change to the one before it; its table of rungs feeds
// the tests (tests/study), the kernel bench (bench/kernels) and the tables of docs/kernels.md.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/context.h"

namespace nst::kernels::study {

// What the L1 cache and shared memory, one unit, pass to or from a warp in a clock cycle. A load or store
// takes as many wavefronts as it touches lines of 128 bytes in global memory; in shared memory, as many as
// its most wanted bank has different words asked of it. Lanes that ask for the same word are served together.
inline constexpr double kWavefrontBytes = 128;

// What one run moves and computes, counted from the shape and the rung's tiles: what its "bottleneck" line
// rests on. kernels/study/roofline_model.h makes a time of it.
struct Cost {
  double flop = 0;          // multiplications and additions of the rung itself, which Winograd has fewer of
  double dram_bytes = 0;    // what must come from memory or go there, if L2 keeps what is read again soon
  double l2_bytes = 0;      // what travels between L2 and the multiprocessors, after coalescing
  double shared_bytes = 0;  // wavefronts of the L1 and shared memory unit, 128 bytes each
  double bytes_in_flight = 0;  // of l2_bytes, waited for at once; 0: enough to hide the wait
  double instructions = 0;     // a warp's: arithmetic, loads and stores; 0: not what holds it up
  bool tensor_cores = false;
  double blocks = 0;  // of the launch that does most: fewer than multiprocessors leave some without work
};

// The number of tiles of `per_tile` that cover `count`, the last one maybe not full.
constexpr double tiles(int64_t count, int64_t per_tile) {
  return static_cast<double>((count + per_tile - 1) / per_tile);
}

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
