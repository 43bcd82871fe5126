#include <algorithm>
#include <vector>

#include "kernels/parallel.h"
#include "kernels/pool.h"

namespace nst::kernels {
namespace {

// Positions [begin, end) along an axis.
struct Range {
  int64_t begin, end;
  int64_t length() const { return end - begin; }
};

// The pixels of window i of an axis of `size` pixels.
Range window(const PoolShape& shape, int64_t i, int64_t size) {
  return {i * shape.stride, std::min(i * shape.stride + shape.kernel, size)};
}

// The windows, out of `count` along the axis, that touch these pixels.
Range windows_touching(const PoolShape& shape, Range pixels, int64_t count) {
  const int64_t before = std::max<int64_t>(0, pixels.begin - shape.kernel + 1);
  return {(before + shape.stride - 1) / shape.stride, std::min((pixels.end - 1) / shape.stride + 1, count)};
}

// Row-major walk over a window: f(pixel, tap number) for each of its pixels of an image `w` wide.
template <class F>
void for_each_tap(const PoolShape& shape, Range rows, Range columns, F f) {
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    for (int64_t j = columns.begin; j < columns.end; ++j) {
      f(i, i * shape.w + j, static_cast<int32_t>((i - rows.begin) * shape.kernel + j - columns.begin));
    }
  }
}

// f(image, window row) for every row of the output, in parallel.
template <class F>
void for_each_output_row(const PoolShape& shape, F f) {
  const int64_t out_h = shape.out_h();
  parallel_for(shape.n * out_h, row_grain(shape.kernel * shape.w * shape.c), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) f(r / out_h, r % out_h);
  });
}

// largest (C) = the larger of itself and v (C), and winner (C) = tap where that is v.
template <class T>
void take_larger(int64_t c, const T* __restrict v, int32_t tap, T* __restrict largest,
                 int32_t* __restrict winner) {
  for (int64_t k = 0; k < c; ++k) {
    const bool better = replaces(v[k], largest[k]);
    largest[k] = better ? v[k] : largest[k];
    winner[k] = better ? tap : winner[k];
  }
}

// grad_v (C) += grad_y where tap won.
template <class T>
void give_winner(int64_t c, const uint8_t* __restrict taps, int32_t tap, const T* __restrict grad_y,
                 T* __restrict grad_v) {
  for (int64_t k = 0; k < c; ++k) grad_v[k] += taps[k] == tap ? grad_y[k] : T(0);
}

}  // namespace

template <class T>
void max_pool_forward(const CpuContext&, const PoolShape& shape, const T* x, T* y, uint8_t* taps) {
  const int64_t h = shape.h, w = shape.w, c = shape.c, out_w = shape.out_w();
  for_each_output_row(shape, [&](int64_t image, int64_t i) {
    std::vector<int32_t> winner(static_cast<size_t>(c));
    const T* in = x + image * h * w * c;
    const int64_t row = (image * shape.out_h() + i) * out_w;
    const Range rows = window(shape, i, h);
    for (int64_t j = 0; j < out_w; ++j) {
      T* largest = y + (row + j) * c;
      for_each_tap(shape, rows, window(shape, j, w), [&](int64_t, int64_t pixel, int32_t tap) {
        if (tap > 0) return take_larger(c, in + pixel * c, tap, largest, winner.data());
        std::copy_n(in + pixel * c, c, largest);
        std::fill(winner.begin(), winner.end(), 0);
      });
      if (shape.relu) {
        for (int64_t k = 0; k < c; ++k) {
          winner[k] = largest[k] > T(0) ? winner[k] : kNoTap;
          largest[k] = largest[k] < T(0) ? T(0) : largest[k];
        }
      }
      if (taps) std::copy_n(winner.data(), c, taps + (row + j) * c);
    }
  });
}

template <class T>
void max_pool_backward(const CpuContext&, const PoolShape& shape, const uint8_t* taps, const T* grad_y,
                       T* grad_x) {
  const int64_t h = shape.h, w = shape.w, c = shape.c, out_h = shape.out_h(), out_w = shape.out_w();
  // A thread owns bands of `stride` rows of grad_x, and visits every window that touches them.
  const int64_t bands = (h + shape.stride - 1) / shape.stride;
  parallel_for(shape.n * bands, row_grain(shape.stride * w * c), [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const int64_t image = b / bands, first = b % bands * shape.stride;
      const Range band{first, std::min(first + shape.stride, h)};
      T* grad_in = grad_x + image * h * w * c;
      std::fill(grad_in + band.begin * w * c, grad_in + band.end * w * c, T(0));
      const Range touching = windows_touching(shape, band, out_h);
      for (int64_t i = touching.begin; i < touching.end; ++i) {
        const Range rows = window(shape, i, h);
        for (int64_t j = 0; j < out_w; ++j) {
          const int64_t out = ((image * out_h + i) * out_w + j) * c;
          for_each_tap(shape, rows, window(shape, j, w), [&](int64_t row, int64_t pixel, int32_t tap) {
            if (row < band.begin || row >= band.end) return;
            give_winner(c, taps + out, tap, grad_y + out, grad_in + pixel * c);
          });
        }
      }
    }
  });
}

template <class T>
void average_pool_forward(const CpuContext&, const PoolShape& shape, const T* x, T* y) {
  const int64_t h = shape.h, w = shape.w, c = shape.c, out_w = shape.out_w();
  for_each_output_row(shape, [&](int64_t image, int64_t i) {
    const T* in = x + image * h * w * c;
    T* out = y + (image * shape.out_h() + i) * out_w * c;
    const Range rows = window(shape, i, h);
    for (int64_t j = 0; j < out_w; ++j, out += c) {
      const Range columns = window(shape, j, w);
      const T share = T(1) / static_cast<T>(rows.length() * columns.length());
      std::fill_n(out, c, T(0));
      for_each_tap(shape, rows, columns, [&](int64_t, int64_t pixel, int32_t) {
        for (int64_t k = 0; k < c; ++k) out[k] += in[pixel * c + k];
      });
      for (int64_t k = 0; k < c; ++k) out[k] *= share;
    }
  });
}

template <class T>
void average_pool_backward(const CpuContext&, const PoolShape& shape, const T* grad_y, T* grad_x) {
  const int64_t h = shape.h, w = shape.w, c = shape.c, out_h = shape.out_h(), out_w = shape.out_w();
  // A thread owns rows of grad_x, and visits every window that touches them.
  parallel_for(shape.n * h, row_grain(w * c), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const int64_t image = r / h, row = r % h;
      T* grad_in = grad_x + r * w * c;
      std::fill_n(grad_in, w * c, T(0));
      const Range touching = windows_touching(shape, {row, row + 1}, out_h);
      for (int64_t i = touching.begin; i < touching.end; ++i) {
        const int64_t height = window(shape, i, h).length();
        const T* g = grad_y + (image * out_h + i) * out_w * c;
        for (int64_t j = 0; j < out_w; ++j, g += c) {
          const Range columns = window(shape, j, w);
          const T share = T(1) / static_cast<T>(height * columns.length());
          for (int64_t p = columns.begin; p < columns.end; ++p) {
            for (int64_t k = 0; k < c; ++k) grad_in[p * c + k] += share * g[k];
          }
        }
      }
    }
  });
}

#define NST_INSTANTIATE(T)                                                                            \
  template void max_pool_forward(const CpuContext&, const PoolShape&, const T*, T*, uint8_t*);        \
  template void max_pool_backward(const CpuContext&, const PoolShape&, const uint8_t*, const T*, T*); \
  template void average_pool_forward(const CpuContext&, const PoolShape&, const T*, T*);              \
  template void average_pool_backward(const CpuContext&, const PoolShape&, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
