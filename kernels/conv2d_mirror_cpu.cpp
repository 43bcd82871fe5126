#include <algorithm>
#include <vector>

#include "kernels/conv2d_mirror.h"
#include "kernels/gemm_cpu.h"
#include "kernels/parallel.h"

namespace nst::kernels::conv2d_mirror {
namespace {

// Pixels of a strip at a time.
constexpr int64_t kBlockPixels = 128;

// Adds what one kind of copies received: a matrix product for each row of taps, of the gathered outputs
// (pixels, taps of the row * K) and the packed weight (taps of the row * K, C).
template <class T>
void add_copies(const Conv2dShape& shape, const Copies& rows, const Copies& columns, const T* grad_y,
                const T* gate, const T* packed, T* grad_x) {
  const int64_t p = shape.out_h(), q = shape.out_w(), k = shape.k, c = shape.c;
  const int64_t pixels = rows.count * columns.count, blocks = (pixels + kBlockPixels - 1) / kBlockPixels;
  const int64_t width = (columns.last_tap - columns.first_tap) * k;
  parallel_for(shape.n * blocks, 1, [&](int64_t begin, int64_t end) {
    std::vector<T> taps(static_cast<size_t>(kBlockPixels * width));
    RowMajor<T> sums(kBlockPixels, c);
    for (int64_t item = begin; item < end; ++item) {
      const int64_t image = item / blocks, first = item % blocks * kBlockPixels;
      const int64_t count = std::min(kBlockPixels, pixels - first);
      auto block = sums.topRows(count);
      block.setZero();
      for (int64_t r = rows.first_tap; r < rows.last_tap; ++r) {
        bool reached = false;
        T* to = taps.data();
        for (int64_t pixel = first; pixel < first + count; ++pixel) {
          const int64_t a = rows.copy + pixel / columns.count * rows.copy_step;
          const int64_t b = columns.copy + pixel % columns.count * columns.copy_step;
          const int64_t i = output_of(a, r, shape.pad, shape.stride, p);
          for (int64_t s = columns.first_tap; s < columns.last_tap; ++s, to += k) {
            const int64_t j = output_of(b, s, shape.pad, shape.stride, q);
            if (i < 0 || j < 0) {
              std::fill_n(to, k, T(0));
              continue;
            }
            reached = true;
            const int64_t at = ((image * p + i) * q + j) * k;
            std::copy_n(grad_y + at, k, to);
            for (int64_t e = 0; gate && e < k; ++e) to[e] = gate[at + e] > T(0) ? to[e] : T(0);
          }
        }
        if (!reached) continue;
        block.noalias() += matrix(static_cast<const T*>(taps.data()), count, width, width) *
                           matrix(packed + (r * shape.s + columns.first_tap) * k * c, width, c, c);
      }
      for (int64_t i = 0; i < count; ++i) {
        const int64_t h = rows.first + (first + i) / columns.count * rows.step;
        const int64_t w = columns.first + (first + i) % columns.count * columns.step;
        T* at = grad_x + ((image * shape.h + h) * shape.w + w) * c;
        for (int64_t e = 0; e < c; ++e) at[e] += block(i, e);
      }
    }
  });
}

}  // namespace

template <class T>
void pack(const CpuContext&, const Conv2dShape& shape, const T* w, T* packed) {
  for (int64_t tap = 0; tap < shape.r * shape.s; ++tap) {
    for (int64_t k = 0; k < shape.k; ++k) {
      for (int64_t c = 0; c < shape.c; ++c) *packed++ = w[(k * shape.c + c) * shape.r * shape.s + tap];
    }
  }
}

template <class T>
void add(const CpuContext&, const Conv2dShape& shape, const T* grad_y, const T* gate, const T* packed,
         T* grad_x) {
  // One kind after the other: near a corner a pixel has several copies.
  for (int kind = 1; kind < kKinds * kKinds; ++kind) {
    add_copies(shape, copies(kind / kKinds, shape.h, shape.pad, shape.r),
               copies(kind % kKinds, shape.w, shape.pad, shape.s), grad_y, gate, packed, grad_x);
  }
}

#define NST_INSTANTIATE(T)                                                 \
  template void pack(const CpuContext&, const Conv2dShape&, const T*, T*); \
  template void add(const CpuContext&, const Conv2dShape&, const T*, const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels::conv2d_mirror
