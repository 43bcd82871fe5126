#include "kernels/mask.h"

#include "kernels/parallel.h"

namespace nst::kernels {

template <class T>
void mask_forward(const CpuContext&, const MaskShape& shape, const T* x, const T* mask, T* y) {
  const int64_t c = shape.c, pixels = shape.pixels;
  parallel_for(shape.n * pixels, row_grain(c), [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      const T weight = mask[shape.per_image ? p : p % pixels];
      for (int64_t i = p * c; i < (p + 1) * c; ++i) y[i] = weight * x[i];
    }
  });
}

#define NST_INSTANTIATE(T) \
  template void mask_forward(const CpuContext&, const MaskShape&, const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
