#include "kernels/cuda/nhwc.cuh"
#include "kernels/pad.h"

namespace nst::kernels {
namespace {

// One axis of the image and its border.
struct Axis {
  PaddingMode mode;
  int64_t before, size, after;

  // Where position i of the padded axis comes from.
  __device__ int64_t source(int64_t i) const {
    const int64_t inside = i - before;
    return inside >= 0 && inside < size ? inside : border_source(mode, inside, size);
  }

  // f(position of the padded axis) for every one that comes from pixel i, in ascending order per side.
  template <class F>
  __device__ void for_each_copy(int64_t i, F f) const {
    f(before + i);
    if (mode == PaddingMode::reflect) {
      for_each_mirror_image(i, size, before, after, [&](int64_t at) { f(before + at); });
    } else if (mode == PaddingMode::replicate) {
      if (i == 0) {
        for (int64_t at = 0; at < before; ++at) f(at);
      }
      if (i == size - 1) {
        for (int64_t at = before + size; at < before + size + after; ++at) f(at);
      }
    }
  }
};

Axis rows_of(const PadShape& s) { return {s.mode, s.top, s.h, s.bottom}; }
Axis columns_of(const PadShape& s) { return {s.mode, s.left, s.w, s.right}; }

}  // namespace

template <class T>
void pad_forward(const CudaContext& context, const PadShape& shape, const T* x, T* y) {
  const Axis rows = rows_of(shape), columns = columns_of(shape);
  const cuda::Strides in(shape.h, shape.w, shape.c);
  cuda::map_nhwc(context, shape.n, shape.out_h(), shape.out_w(), shape.c, y,
                 [=] __device__(const cuda::Position& at) {
                   const int64_t i = rows.source(at.row), j = columns.source(at.column);
                   return i == kNoSource || j == kNoSource ? T(0) : x[in.offset(at, i, j)];
                 });
}

template <class T>
void pad_backward(const CudaContext& context, const PadShape& shape, const T* grad_y, T* grad_x) {
  const Axis rows = rows_of(shape), columns = columns_of(shape);
  const cuda::Strides out(shape.out_h(), shape.out_w(), shape.c);
  cuda::map_nhwc(
      context, shape.n, shape.h, shape.w, shape.c, grad_x, [=] __device__(const cuda::Position& at) {
        T sum = 0;
        rows.for_each_copy(at.row, [&](int64_t i) {
          columns.for_each_copy(at.column, [&](int64_t j) { sum += grad_y[out.offset(at, i, j)]; });
        });
        return sum;
      });
}

#define NST_INSTANTIATE(T)                                                      \
  template void pad_forward(const CudaContext&, const PadShape&, const T*, T*); \
  template void pad_backward(const CudaContext&, const PadShape&, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
