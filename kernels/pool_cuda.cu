#include "kernels/cuda/nhwc.cuh"
#include "kernels/pool.h"

namespace nst::kernels {
namespace {

// Positions [begin, end) along an axis.
struct Range {
  int begin, end;
};

// The pixels and the windows of one axis, in the 32 bits that a GPU divides cheaply.
struct Axis {
  Axis(const PoolShape& shape, int64_t pixels, int64_t windows)
      : size(static_cast<int>(pixels)),
        count(static_cast<int>(windows)),
        kernel(bounded(shape.kernel)),
        stride(bounded(shape.stride)),
        by_stride(stride) {}

  // A window larger than any image may be is as good as one just as large.
  static int bounded(int64_t length) { return static_cast<int>(length < 1 << 30 ? length : 1 << 30); }

  // The pixels of window i.
  __device__ Range window(int i) const {
    const int end = i * stride + kernel;
    return {i * stride, end < size ? end : size};
  }
  // The windows that a pixel is in.
  __device__ Range windows_of(int pixel) const {
    const int before = pixel - kernel + 1 > 0 ? pixel - kernel + 1 : 0, end = by_stride.quotient(pixel) + 1;
    return {by_stride.quotient(before + stride - 1), end < count ? end : count};
  }

  int size, count, kernel, stride;
  cuda::Divider by_stride;
};

struct Axes {
  explicit Axes(const PoolShape& s)
      : rows(s, s.h, s.out_h()),
        columns(s, s.w, s.out_w()),
        in(s.h, s.w, s.c),
        out(rows.count, columns.count, s.c) {}

  // f(window row, window column) for every window that the pixel `at` is in.
  template <class F>
  __device__ void for_each_window(const cuda::Position& at, F f) const {
    const Range down = rows.windows_of(at.row), across = columns.windows_of(at.column);
    for (int i = down.begin; i < down.end; ++i) {
      for (int j = across.begin; j < across.end; ++j) f(i, j);
    }
  }

  // Row-major walk over the pixels of window (i, j): f(row, column).
  template <class F>
  __device__ void for_each_tap(int i, int j, F f) const {
    const Range down = rows.window(i), across = columns.window(j);
    for (int row = down.begin; row < down.end; ++row) {
      for (int column = across.begin; column < across.end; ++column) f(row, column);
    }
  }

  Axis rows, columns;
  cuda::Strides in, out;
};

}  // namespace

template <class T>
void max_pool_forward(const CudaContext& context, const PoolShape& shape, const T* x, T* y, uint8_t* taps) {
  const Axes axes(shape);
  cuda::map_nhwc(context, shape.n, shape.out_h(), shape.out_w(), shape.c, y,
                 [=, kernel = axes.rows.kernel, relu = shape.relu] __device__(const cuda::Position& at) {
                   const int top = axes.rows.window(at.row).begin,
                             left = axes.columns.window(at.column).begin;
                   T largest = x[axes.in.offset(at, top, left)];
                   int tap = 0;
                   axes.for_each_tap(at.row, at.column, [&](int row, int column) {
                     const T v = x[axes.in.offset(at, row, column)];
                     if (replaces(v, largest)) largest = v, tap = (row - top) * kernel + column - left;
                   });
                   if (taps)
                     taps[axes.out.offset(at, at.row, at.column)] = relu && !(largest > T(0)) ? kNoTap : tap;
                   return relu && largest < T(0) ? T(0) : largest;
                 });
}

template <class T>
void max_pool_backward(const CudaContext& context, const PoolShape& shape, const uint8_t* taps,
                       const T* grad_y, T* grad_x) {
  // Every pixel asks the windows it is in whether it won.
  const Axes axes(shape);
  cuda::map_nhwc(context, shape.n, shape.h, shape.w, shape.c, grad_x,
                 [=, kernel = axes.rows.kernel] __device__(const cuda::Position& at) {
                   T sum = 0;
                   axes.for_each_window(at, [&](int i, int j) {
                     const int tap = (at.row - axes.rows.window(i).begin) * kernel + at.column -
                                     axes.columns.window(j).begin;
                     const auto out = axes.out.offset(at, i, j);
                     if (taps[out] == tap) sum += grad_y[out];
                   });
                   return sum;
                 });
}

template <class T>
void average_pool_forward(const CudaContext& context, const PoolShape& shape, const T* x, T* y) {
  const Axes axes(shape);
  cuda::map_nhwc(context, shape.n, shape.out_h(), shape.out_w(), shape.c, y,
                 [=] __device__(const cuda::Position& at) {
                   T sum = 0;
                   int pixels = 0;
                   axes.for_each_tap(at.row, at.column, [&](int row, int column) {
                     sum += x[axes.in.offset(at, row, column)];
                     ++pixels;
                   });
                   return sum / static_cast<T>(pixels);
                 });
}

template <class T>
void average_pool_backward(const CudaContext& context, const PoolShape& shape, const T* grad_y, T* grad_x) {
  const Axes axes(shape);
  cuda::map_nhwc(context, shape.n, shape.h, shape.w, shape.c, grad_x,
                 [=] __device__(const cuda::Position& at) {
                   T sum = 0;
                   axes.for_each_window(at, [&](int i, int j) {
                     const Range down = axes.rows.window(i), across = axes.columns.window(j);
                     const int pixels = (down.end - down.begin) * (across.end - across.begin);
                     sum += grad_y[axes.out.offset(at, i, j)] / static_cast<T>(pixels);
                   });
                   return sum;
                 });
}

#define NST_INSTANTIATE(T)                                                                             \
  template void max_pool_forward(const CudaContext&, const PoolShape&, const T*, T*, uint8_t*);        \
  template void max_pool_backward(const CudaContext&, const PoolShape&, const uint8_t*, const T*, T*); \
  template void average_pool_forward(const CudaContext&, const PoolShape&, const T*, T*);              \
  template void average_pool_backward(const CudaContext&, const PoolShape&, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
