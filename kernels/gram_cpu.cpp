#include <algorithm>
#include <vector>

#include "kernels/gemm_cpu.h"
#include "kernels/gram.h"
#include "kernels/parallel.h"

namespace nst::kernels {
namespace {

// Pixels per block: 512 channels of float fill a megabyte.
constexpr int64_t kBlockPixels = 512;
// A fixed number of partial sums per image, so that the result does not depend on the number of threads.
constexpr int64_t kGroups = 4;

}  // namespace

template <class T>
void gram_forward(const CpuContext&, const GramShape& shape, T shift, T scale, const T* features, T* gram) {
  const auto [n, pixels, c] = shape;
  const int64_t blocks = (pixels + kBlockPixels - 1) / kBlockPixels, groups = std::min(blocks, kGroups);
  for (int64_t image = 0; image < n; ++image) {
    const T* f = features + image * pixels * c;
    std::vector<RowMajor<T>> sums(static_cast<size_t>(groups));
    parallel_for(groups, 1, [&](int64_t first, int64_t last) {
      RowMajor<T> block(kBlockPixels, c);
      for (int64_t group = first; group < last; ++group) {
        sums[group].setZero(c, c);
        for (int64_t b = blocks * group / groups; b < blocks * (group + 1) / groups; ++b) {
          const int64_t begin = b * kBlockPixels, rows = std::min(kBlockPixels, pixels - begin);
          auto shifted = block.topRows(rows);
          shifted = matrix(f + begin * c, rows, c, c).array() + shift;
          sums[group].template selfadjointView<Eigen::Lower>().rankUpdate(shifted.transpose());
        }
      }
    });
    T* g = gram + image * c * c;
    for (int64_t i = 0; i < c; ++i) {
      for (int64_t j = 0; j <= i; ++j) {
        T sum = 0;
        for (const auto& partial : sums) sum += partial(i, j);
        g[i * c + j] = g[j * c + i] = scale * sum;
      }
    }
  }
}

template <class T>
void gram_backward(const CpuContext&, const GramShape& shape, T shift, T scale, const T* features,
                   const T* grad_gram, T* grad_features) {
  const auto [n, pixels, c] = shape;
  const int64_t blocks = (pixels + kBlockPixels - 1) / kBlockPixels;
  for (int64_t image = 0; image < n; ++image) {
    const auto grad = matrix(grad_gram + image * c * c, c, c, c);
    const RowMajor<T> symmetric = scale * (grad + grad.transpose());
    // The shift adds the same row to every pixel's product.
    const Eigen::RowVector<T, Eigen::Dynamic> offset = shift * symmetric.colwise().sum();
    parallel_for(blocks, 1, [&](int64_t first, int64_t last) {
      for (int64_t b = first; b < last; ++b) {
        const int64_t begin = b * kBlockPixels, rows = std::min(kBlockPixels, pixels - begin);
        const int64_t at = (image * pixels + begin) * c;
        auto out = matrix(grad_features + at, rows, c, c);
        out.noalias() = matrix(features + at, rows, c, c) * symmetric;
        out.rowwise() += offset;
      }
    });
  }
}

#define NST_INSTANTIATE(T)                                                             \
  template void gram_forward(const CpuContext&, const GramShape&, T, T, const T*, T*); \
  template void gram_backward(const CpuContext&, const GramShape&, T, T, const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
