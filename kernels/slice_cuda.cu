#include "kernels/cuda/nhwc.cuh"
#include "kernels/slice.h"

namespace nst::kernels {

template <class T>
void slice_read(const CudaContext& context, const SliceShape& shape, const T* x, T* part) {
  const int64_t run = shape.count * shape.inner, stride = shape.size * shape.inner;
  x += shape.begin * shape.inner;
  cuda::map_rows(context, shape.outer, run, run, part,
                 [=] __device__(int row, int i) { return x[row * stride + i]; });
}

template <class T>
void slice_write(const CudaContext& context, const SliceShape& shape, const T* part, T* x) {
  const int64_t run = shape.count * shape.inner, stride = shape.size * shape.inner;
  x += shape.begin * shape.inner;
  cuda::map_rows(context, shape.outer, run, stride, x,
                 [=] __device__(int row, int i) { return part[row * run + i]; });
}

#define NST_INSTANTIATE(T)                                                       \
  template void slice_read(const CudaContext&, const SliceShape&, const T*, T*); \
  template void slice_write(const CudaContext&, const SliceShape&, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
