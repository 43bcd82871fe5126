#include <algorithm>
#include <vector>

#include "kernels/conv2d_direct_cpu.h"
#include "kernels/gemm_cpu.h"
#include "kernels/gram.h"
#include "kernels/parallel.h"
#include "kernels/syrk_cpu.h"

namespace nst::kernels {
namespace {

constexpr int64_t kBlockPixels = 512;
// A fixed number of partial sums per image, so that the result does not depend on the number of threads.
constexpr int64_t kGroups = 4;

}  // namespace

template <class T>
void gram_forward(const CpuContext&, const GramShape& shape, T shift, T scale, const T* features, T* gram) {
  const auto [n, pixels, c] = shape;
  const int64_t stride = blas::syrk_stride(c);
  std::vector<std::vector<T>> sums(kGroups);
  for (int64_t image = 0; image < n; ++image) {
    const T* f = features + image * pixels * c;
    parallel_for(kGroups, 1, [&, pixels = pixels, c = c](int64_t first, int64_t last) {
      for (int64_t group = first; group < last; ++group) {
        sums[group].assign(static_cast<size_t>(c * stride), T(0));
        const int64_t begin = pixels * group / kGroups, end = pixels * (group + 1) / kGroups;
        blas::syrk<T>(end - begin, c, shift, f + begin * c, sums[group].data());
      }
    });
    T* g = gram + image * c * c;
    for (int64_t i = 0; i < c; ++i) {
      for (int64_t j = i; j < c; ++j) {
        T sum = 0;
        for (const auto& partial : sums) sum += partial[i * stride + j];
        g[i * c + j] = g[j * c + i] = scale * sum;
      }
    }
  }
}

template <class T>
void gram_backward(const CpuContext&, const GramShape& shape, T shift, T scale, const T* features,
                   const T* grad_gram, bool add, T* grad_features) {
  const auto [n, pixels, c] = shape;
  // What is to be added goes through scratch, in blocks that stay in a core's cache.
  const int64_t block_pixels = add ? kBlockPixels / 4 : kBlockPixels,
                blocks = (pixels + block_pixels - 1) / block_pixels;
  std::vector<T> symmetric(static_cast<size_t>(c * c)), offset(static_cast<size_t>(c));
  const Conv2dShape whole{1, 1, pixels, c, c, 1, 1};
  std::vector<T> packed(static_cast<size_t>(conv2d_direct_cpu::packed_numel(whole)));
  for (int64_t image = 0; image < n; ++image) {
    // A product with the same matrix pixel by pixel is a 1x1 convolution; the shift is its bias.
    const T* grad = grad_gram + image * c * c;
    for (int64_t i = 0; i < c; ++i) {
      T sum = 0;
      for (int64_t j = 0; j < c; ++j)
        sum += symmetric[i * c + j] = scale * (grad[i * c + j] + grad[j * c + i]);
      offset[i] = shift * sum;
    }
    conv2d_direct_cpu::pack_forward<T>(whole, symmetric.data(), packed.data());
    parallel_for(blocks, 1, [&, pixels = pixels, c = c](int64_t first, int64_t last) {
      std::vector<T> product(static_cast<size_t>(add ? block_pixels * c : 0));
      for (int64_t b = first; b < last; ++b) {
        const int64_t begin = b * block_pixels, count = std::min(block_pixels, pixels - begin);
        const int64_t at = (image * pixels + begin) * c;
        T* const out = add ? product.data() : grad_features + at;
        conv2d_direct_cpu::forward<T>(Conv2dShape{1, 1, count, c, c, 1, 1}, features + at, packed.data(),
                                      offset.data(), false, out);
        if (!add) continue;
        for (int64_t i = 0; i < count * c; ++i) grad_features[at + i] += out[i];
      }
    });
  }
}

template <class T>
void cross_gram_forward(const CpuContext&, const CrossGramShape& shape, T shift, T scale, const T* a,
                        const T* b, T* gram) {
  const auto [n, pixels, rows, columns] = shape;
  const int64_t blocks = (pixels + kBlockPixels - 1) / kBlockPixels, groups = std::min(blocks, kGroups);
  for (int64_t image = 0; image < n; ++image) {
    const T *of_a = a + image * pixels * rows, *of_b = b + image * pixels * columns;
    std::vector<RowMajor<T>> sums(static_cast<size_t>(groups));
    parallel_for(groups, 1, [&](int64_t first, int64_t last) {
      RowMajor<T> block_a(kBlockPixels, rows), block_b(kBlockPixels, columns);
      for (int64_t group = first; group < last; ++group) {
        sums[group].setZero(rows, columns);
        for (int64_t block = blocks * group / groups; block < blocks * (group + 1) / groups; ++block) {
          const int64_t begin = block * kBlockPixels, count = std::min(kBlockPixels, pixels - begin);
          auto shifted_a = block_a.topRows(count);
          auto shifted_b = block_b.topRows(count);
          shifted_a = matrix(of_a + begin * rows, count, rows, rows).array() + shift;
          shifted_b = matrix(of_b + begin * columns, count, columns, columns).array() + shift;
          sums[group].noalias() += shifted_a.transpose() * shifted_b;
        }
      }
    });
    auto out = matrix(gram + image * rows * columns, rows, columns, columns);
    out.setZero();
    for (const auto& partial : sums) out += partial;
    out *= scale;
  }
}

template <class T>
void cross_gram_backward(const CpuContext&, const CrossGramShape& shape, CrossGramOperand of, T shift,
                         T scale, const T* other, const T* grad_gram, T* grad) {
  const bool of_a = of == CrossGramOperand::a;
  const int64_t pixels = shape.pixels, c = of_a ? shape.rows : shape.columns,
                other_c = of_a ? shape.columns : shape.rows;
  const int64_t blocks = (pixels + kBlockPixels - 1) / kBlockPixels;
  for (int64_t image = 0; image < shape.n; ++image) {
    const auto d = matrix(grad_gram + image * c * other_c, shape.rows, shape.columns, shape.columns);
    RowMajor<T> factor = scale * d;  // (other_c, c)
    if (of_a) factor = factor.transpose().eval();
    // The shift adds the same row to every pixel's product.
    const Eigen::RowVector<T, Eigen::Dynamic> offset = shift * factor.colwise().sum();
    parallel_for(blocks, 1, [&](int64_t first, int64_t last) {
      for (int64_t b = first; b < last; ++b) {
        const int64_t begin = image * pixels + b * kBlockPixels,
                      rows = std::min(kBlockPixels, pixels - b * kBlockPixels);
        auto out = matrix(grad + begin * c, rows, c, c);
        out.noalias() = matrix(other + begin * other_c, rows, other_c, other_c) * factor;
        out.rowwise() += offset;
      }
    });
  }
}

#define NST_INSTANTIATE(T)                                                                                  \
  template void gram_forward(const CpuContext&, const GramShape&, T, T, const T*, T*);                      \
  template void gram_backward(const CpuContext&, const GramShape&, T, T, const T*, const T*, bool, T*);     \
  template void cross_gram_forward(const CpuContext&, const CrossGramShape&, T, T, const T*, const T*, T*); \
  template void cross_gram_backward(const CpuContext&, const CrossGramShape&, CrossGramOperand, T, T,       \
                                    const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
