#include "kernels/parallel.h"
#include "kernels/slice.h"

namespace nst::kernels {

template <class T>
void slice_read(const CpuContext&, const SliceShape& shape, const T* x, T* part) {
  const int64_t run = shape.count * shape.inner, stride = shape.size * shape.inner;
  x += shape.begin * shape.inner;
  parallel_for(shape.outer, row_grain(run), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) std::copy_n(x + i * stride, run, part + i * run);
  });
}

template <class T>
void slice_write(const CpuContext&, const SliceShape& shape, const T* part, T* x) {
  const int64_t run = shape.count * shape.inner, stride = shape.size * shape.inner;
  x += shape.begin * shape.inner;
  parallel_for(shape.outer, row_grain(run), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) std::copy_n(part + i * run, run, x + i * stride);
  });
}

#define NST_INSTANTIATE(T)                                                      \
  template void slice_read(const CpuContext&, const SliceShape&, const T*, T*); \
  template void slice_write(const CpuContext&, const SliceShape&, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
