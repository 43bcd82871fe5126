// Idea        The other cure for 08's trips: let v and m leave, but not to memory. Only as many tiles at a
//             time as keep them in the L2 cache. And as the passes are separate again, F(4x4, 3x3) has room:
//             4x4 pixels from a 6x6 patch, 36 multiplications for 144 where F(2x2) has 16 for 36, and v is
//             2.25 times x where it was 4.
//
//               pass 1: x --> v --> m --> y      v and m of each pass in the same 5/8 of L2
//               pass 2: x --> v --> m --> y
//               ...
// Change      08 with F4x4 for F2x2, and its loop taken more than once.
// Bottleneck  The products' issue slots, for many channels; L2 in the other two passes, for few.
// Constraints Its 4s and 8s cost a decimal of accuracy. Production: conv2d_winograd_cuda.cu.
#pragma once

#include <algorithm>

#include "kernels/study/conv2d/08_winograd.cuh"

namespace nst::kernels::study::conv2d::winograd_in_l2 {

using F = kernels::winograd::F4x4;

// Tiles whose v and m fill 5/8 of the L2 cache, in multiples of the product's rows.
inline int tiles_at_once(const Shape& g, int64_t l2_bytes) {
  const int64_t bytes = F::kPatch * F::kPatch * int64_t{g.c + g.k} * int64_t{sizeof(float)};
  const int64_t tiles = std::max<int64_t>(l2_bytes * 5 / 8 / bytes / im2col::kRows, 1) * im2col::kRows;
  return static_cast<int>(std::min<int64_t>(tiles, winograd::tiles_of<F>(g).count()));
}

inline void run(const CudaContext& context, const Shape& g, const float* x, const float* w, float* y) {
  winograd::in_passes<F>(context, winograd::tiles_of<F>(g), tiles_at_once(g, context.l2_bytes()), x, w, y);
}

inline Cost cost(const Shape& g) { return winograd::passes_cost<F>(g, true); }

}  // namespace nst::kernels::study::conv2d::winograd_in_l2
