// Idea        One pass: a thread weights four elements of one pixel (cuda/nhwc.cuh).
// Bytes       x once, y once; the mask is a C-th of either.
// Bottleneck  DRAM bandwidth.
#include "kernels/mask.h"

#include "kernels/cuda/nhwc.cuh"

namespace nst::kernels {

template <class T>
void mask_forward(const CudaContext& context, const MaskShape& shape, const T* x, const T* mask, T* y) {
  const auto [n, pixels, c, per_image] = shape;
  if (n * pixels * c == 0) return;
  const cuda::Divider by_pixels(pixels);
  cuda::map_rows(
      context, n * pixels, c, c, y, [=, c = c, per_image = per_image] __device__(int pixel, int i) {
        const int of_mask = per_image ? pixel : by_pixels.remainder(pixel, by_pixels.quotient(pixel));
        return mask[of_mask] * x[int64_t{pixel} * c + i];
      });
}

#define NST_INSTANTIATE(T) \
  template void mask_forward(const CudaContext&, const MaskShape&, const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
