#include <algorithm>
#include <vector>

#include "kernels/blur.h"
#include "kernels/parallel.h"

namespace nst::kernels {

template <class T>
void blur_forward(const CpuContext&, const BlurShape& shape, const T* x, T* y) {
  const auto [n, h, w, c] = shape;
  const int64_t length = w * c;
  parallel_for(n * h, row_grain(length), [&, h = h, w = w, c = c](int64_t begin, int64_t end) {
    std::vector<T> down(static_cast<size_t>(length));  // the row, blurred along the column axis
    for (int64_t row = begin; row < end; ++row) {
      const int64_t first = row / h * h, i = row - first;
      const T* here = x + row * length;
      const T* above = x + (first + std::max<int64_t>(i - 1, 0)) * length;
      const T* below = x + (first + std::min(i + 1, h - 1)) * length;
      for (int64_t k = 0; k < length; ++k) down[k] = T(0.25) * (above[k] + below[k]) + T(0.5) * here[k];
      for (int64_t j = 0; j < w; ++j) {
        const T* centre = down.data() + j * c;
        const T* left = down.data() + std::max<int64_t>(j - 1, 0) * c;
        const T* right = down.data() + std::min(j + 1, w - 1) * c;
        T* out = y + row * length + j * c;
        for (int64_t k = 0; k < c; ++k) out[k] = T(0.25) * (left[k] + right[k]) + T(0.5) * centre[k];
      }
    }
  });
}

#define NST_INSTANTIATE(T) template void blur_forward(const CpuContext&, const BlurShape&, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
