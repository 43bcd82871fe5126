#include <algorithm>

#include "kernels/pad.h"
#include "kernels/parallel.h"

namespace nst::kernels {
namespace {

// f(i) for every position of an axis' border, in ascending order: [-before, 0) and [size, size + after).
template <class F>
void for_each_border(int64_t before, int64_t size, int64_t after, F f) {
  for (int64_t i = -before; i < 0; ++i) f(i);
  for (int64_t i = size; i < size + after; ++i) f(i);
}

}  // namespace

template <class T>
void pad_forward(const CpuContext&, const PadShape& shape, const T* x, T* y) {
  const auto [n, h, w, c, top, bottom, left, right, mode] = shape;
  const int64_t out_h = shape.out_h(), row = shape.out_w() * c;
  parallel_for(n * out_h, row_grain(row), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      T* out = y + r * row;
      const int64_t image = r / out_h, i = r % out_h - top;
      const int64_t source = i >= 0 && i < h ? i : border_source(mode, i, h);
      if (source == kNoSource) {
        std::fill_n(out, row, T(0));
        continue;
      }
      const T* in = x + (image * h + source) * w * c;
      T* inside = out + left * c;
      std::copy_n(in, w * c, inside);
      for_each_border(left, w, right, [&](int64_t j) {
        const int64_t from = border_source(mode, j, w);
        if (from == kNoSource) {
          std::fill_n(inside + j * c, c, T(0));
        } else {
          std::copy_n(in + from * c, c, inside + j * c);
        }
      });
    }
  });
}

template <class T>
void pad_backward(const CpuContext&, const PadShape& shape, const T* grad_y, T* grad_x) {
  const auto [n, h, w, c, top, bottom, left, right, mode] = shape;
  const int64_t out_h = shape.out_h(), out_row = shape.out_w() * c, row = w * c;
  // Every row of grad_x gathers the rows of grad_y it was copied to, and folds their borders inwards.
  parallel_for(n * h, row_grain(row), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const int64_t image = r / h, i = r % h;
      T* grad_in = grad_x + r * row;
      const auto inside = [&](int64_t at) {
        return grad_y + (image * out_h + top + at) * out_row + left * c;
      };
      const auto fold = [&](const T* grad_out) {
        for_each_border(left, w, right, [&](int64_t j) {
          const int64_t to = border_source(mode, j, w);
          if (to == kNoSource) return;
          for (int64_t k = 0; k < c; ++k) grad_in[to * c + k] += grad_out[j * c + k];
        });
      };
      std::copy_n(inside(i), row, grad_in);
      fold(inside(i));
      for_each_border(top, h, bottom, [&](int64_t at) {
        if (border_source(mode, at, h) != i) return;
        const T* grad_out = inside(at);
        for (int64_t k = 0; k < row; ++k) grad_in[k] += grad_out[k];
        fold(grad_out);
      });
    }
  });
}

#define NST_INSTANTIATE(T)                                                     \
  template void pad_forward(const CpuContext&, const PadShape&, const T*, T*); \
  template void pad_backward(const CpuContext&, const PadShape&, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
