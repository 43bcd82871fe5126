// Idea        One pass, each output from its nine inputs: neighbouring threads take neighbouring channels.
// Bytes       x once from DRAM, the other eight readings from the caches; y once.
// Bottleneck  DRAM bandwidth, then the L1 cache.
#include "kernels/blur.h"

#include "kernels/cuda/nhwc.cuh"

namespace nst::kernels {

template <class T>
void blur_forward(const CudaContext& context, const BlurShape& shape, const T* x, T* y) {
  const auto [n, h, w, c] = shape;
  const cuda::Strides strides(h, w, c);
  cuda::map_nhwc(context, n, h, w, c, y, [=, h = h, w = w] __device__(const cuda::Position& at) {
    const int64_t above = at.row > 0 ? at.row - 1 : 0, below = at.row + 1 < h ? at.row + 1 : at.row;
    const auto down = [&](int64_t column) {  // along the column axis
      const T edges = x[strides.offset(at, above, column)] + x[strides.offset(at, below, column)];
      return T(0.25) * edges + T(0.5) * x[strides.offset(at, at.row, column)];
    };
    const int64_t left = at.column > 0 ? at.column - 1 : 0,
                  right = at.column + 1 < w ? at.column + 1 : at.column;
    return T(0.25) * (down(left) + down(right)) + T(0.5) * down(at.column);
  });
}

#define NST_INSTANTIATE(T) template void blur_forward(const CudaContext&, const BlurShape&, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
