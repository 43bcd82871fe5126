// The weight's gradient by the `direct` algorithm. For each row r of taps
//   sums[r][(s, a), b] = sum over i, j of left[i*stride + r, j*stride + s, a] right[i, j, b]
// is a matrix product whose left operand is a padded image where it lies: in NHWC the taps (s, a) of a pixel
// are neighbours, and those of the next pixel begin stride * channels further. The columns b go by lines.
//
//   left       x and its border     grad_y, padded with zeros to R - 1 - pad
//   right      grad_y               x
//   sums       grad_w[b, a, r, s]   grad_w[a, b, R-1-r, S-1-s], for stride 1
//
// Which of the two, the number of multiplications decides: 3 filters would fill a fifth of a line. Where the
// border reflects, the second has it on the right, as its pixels count too.
#include <algorithm>
#include <vector>

#include "kernels/conv2d_direct_cpu.h"
#include "kernels/gemm_micro_cpu.h"
#include "kernels/parallel.h"
#include "kernels/scratch_cpu.h"

namespace nst::kernels::conv2d_direct_cpu {
namespace NST_CPU_VARIANT {
namespace {

// Rows of `right` whose products are added up in registers. 4 of 512 pixels by 32 channels take 256 KiB.
constexpr int64_t kBlockRows = 4;

// Images (N, H, W, channels) with a border, as rows of pixels of `filled` channels, those missing being zero.
template <class T>
struct Rows {
  const T* data;
  int64_t h, w, channels, pad_rows, pad_columns;
  bool reflects;
  int64_t filled;

  int64_t height() const { return h + 2 * pad_rows; }
  int64_t width() const { return w + 2 * pad_columns; }
  int64_t pitch() const { return width() * filled; }
  bool copies() const { return pad_rows > 0 || pad_columns > 0 || filled != channels; }

  // `count` rows from padded row `first` of an image on: where they lie, or in `copy`.
  const T* rows(int64_t image, int64_t first, int64_t count, T* copy) const {
    if (!copies()) return data + (image * h + first) * pitch();
    for (int64_t i = 0; i < count; ++i) copy_row(image, first + i - pad_rows, copy + i * pitch());
    return copy;
  }

 private:
  void copy_row(int64_t image, int64_t i, T* to) const {
    if (reflects) i = reflected(i, h);
    if (i < 0 || i >= h) {
      std::fill_n(to, pitch(), T(0));
      return;
    }
    const T* from = data + (image * h + i) * w * channels;
    const auto pixel = [&](int64_t j) {
      const int64_t source = reflects ? reflected(j, w) : j;
      T* at = to + (j + pad_columns) * filled;
      const bool exists = source >= 0 && source < w;
      if (exists) std::copy_n(from + source * channels, channels, at);
      std::fill(at + (exists ? channels : 0), at + filled, T(0));
    };
    for (int64_t j = -pad_columns; j < 0; ++j) pixel(j);
    if (filled == channels) {
      std::copy_n(from, w * channels, to + pad_columns * filled);
    } else {
      for (int64_t j = 0; j < w; ++j) pixel(j);
    }
    for (int64_t j = w; j < w + pad_columns; ++j) pixel(j);
  }
};

// Calls store(r, s, a, b, sum) for every sum above.
template <class T, class Store>
void correlate(int64_t n, int64_t r, int64_t s, int64_t stride, const Rows<T>& left, const Rows<T>& right,
               Store store) {
  constexpr int64_t kLine = Line<T>::kElements;
  const int64_t taps = s * left.channels, columns = right.filled, numel = r * taps * columns;
  const int64_t rows = n * right.height(), block_sources = (kBlockRows - 1) * stride + r;
  // Rows fall into a number of groups that depends on the shape alone, with sums of their own, so that the
  // order of additions, and with it the last bit, does not depend on the number of threads.
  const int64_t groups = std::min(rows, std::clamp<int64_t>((int64_t{1} << 20) / numel, 4, 16));
  std::vector<T> sums(static_cast<size_t>(groups * numel));
  parallel_for(groups, 1, [&](int64_t first, int64_t last) {
    T* left_copy = scratch<T>(block_sources * left.pitch() + kBlockRows * right.pitch());
    T* right_copy = left_copy + block_sources * left.pitch();
    for (int64_t group = first; group < last; ++group) {
      const int64_t begin = rows * group / groups, end = rows * (group + 1) / groups;
      int64_t count = 0;
      for (int64_t row = begin; row < end; row += count) {
        const int64_t image = row / right.height(), i = row % right.height();
        count = std::min({kBlockRows, end - row, right.height() - i});
        const T* l = left.rows(image, i * stride, (count - 1) * stride + r, left_copy);
        const T* k = right.rows(image, i, count, right_copy);
        const MicroLayout product{.depth = right.width(),
                                  .a_row = 1,
                                  .a_step = stride * left.channels,
                                  .b_step = columns,
                                  .c_row = columns,
                                  .segments = count,
                                  .a_segment = stride * left.pitch(),
                                  .b_segment = right.pitch()};
        for (int64_t tap = 0; tap < r; ++tap) {
          T* out = sums.data() + group * numel + tap * taps * columns;
          for (int64_t b = 0; b < columns; b += kLine) {
            micro_rows(product, taps, l + tap * left.pitch(), k + b, row > begin, out + b, k + b);
          }
        }
      }
    }
  });
  parallel_for(r * taps, kElementGrain / (groups * columns) + 1, [&](int64_t first, int64_t last) {
    for (int64_t t = first; t < last; ++t) {
      for (int64_t b = 0; b < right.channels; ++b) {
        T sum = 0;
        for (int64_t group = 0; group < groups; ++group) sum += sums[group * numel + t * columns + b];
        store(t / taps, t % taps / left.channels, t % left.channels, b, sum);
      }
    }
  });
}

}  // namespace

template <class T>
void backward_weight(const Conv2dShape& shape, const T* x, const T* grad_y, T* grad_w) {
  const auto [n, h, w, c, k, r, s, stride, pad, mode] = shape;
  const int64_t c_filled = round_up(c, Line<T>::kElements), k_filled = round_up(k, Line<T>::kElements);
  const int64_t p = shape.out_h(), q = shape.out_w();
  const auto at = [&](int64_t ki, int64_t ci, int64_t ri, int64_t si) -> T& {
    return grad_w[((ki * c + ci) * r + ri) * s + si];
  };
  if (x_is_columns(shape)) {
    const bool reflects = shape.reflects();
    const int64_t on_right = reflects ? pad : 0, rest = reflects ? 0 : pad;
    correlate<T>(n, r, s, 1, {grad_y, p, q, k, r - 1 - rest, s - 1 - rest, false, k},
                 {x, h, w, c, on_right, on_right, reflects, c_filled},
                 [&](int64_t ri, int64_t si, int64_t ki, int64_t ci, T sum) {
                   at(ki, ci, r - 1 - ri, s - 1 - si) = sum;
                 });
  } else {
    correlate<T>(n, r, s, stride, {x, h, w, c, pad, pad, shape.reflects(), c},
                 {grad_y, p, q, k, 0, 0, false, k_filled},
                 [&](int64_t ri, int64_t si, int64_t ci, int64_t ki, T sum) { at(ki, ci, ri, si) = sum; });
  }
}

#define NST_INSTANTIATE(T) template void backward_weight(const Conv2dShape&, const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace NST_CPU_VARIANT
}  // namespace nst::kernels::conv2d_direct_cpu
