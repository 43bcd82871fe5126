#include "kernels/cuda/elementwise.cuh"
#include "kernels/elementwise.h"

namespace nst::kernels {

template <class T>
void add(const CudaContext& context, int64_t count, const T* a, const T* b, T* y) {
  cuda::map(context, count, y, [=] __device__(int64_t i) { return a[i] + b[i]; });
}

template <class T>
void sub(const CudaContext& context, int64_t count, const T* a, const T* b, T* y) {
  cuda::map(context, count, y, [=] __device__(int64_t i) { return a[i] - b[i]; });
}

template <class T>
void mul(const CudaContext& context, int64_t count, const T* a, const T* b, T* y) {
  cuda::map(context, count, y, [=] __device__(int64_t i) { return a[i] * b[i]; });
}

template <class T>
void affine(const CudaContext& context, int64_t count, T scale, T offset, const T* x, T* y) {
  cuda::map(context, count, y, [=] __device__(int64_t i) { return scale * x[i] + offset; });
}

template <class T>
void axpy(const CudaContext& context, int64_t count, T scale, const T* x, T* y) {
  cuda::map(context, count, y, [=] __device__(int64_t i) { return y[i] + scale * x[i]; });
}

template <class T>
void clamp_forward(const CudaContext& context, int64_t count, T low, T high, const T* x, T* y) {
  cuda::map(context, count, y, [=] __device__(int64_t i) {
    return x[i] < low ? low : x[i] > high ? high : x[i];
  });
}

template <class T>
void clamp_backward(const CudaContext& context, int64_t count, T low, T high, const T* x, const T* grad_y,
                    T* grad_x) {
  cuda::map(context, count, grad_x,
            [=] __device__(int64_t i) { return x[i] >= low && x[i] <= high ? grad_y[i] : T(0); });
}

#define NST_INSTANTIATE(T)                                                      \
  template void add(const CudaContext&, int64_t, const T*, const T*, T*);       \
  template void sub(const CudaContext&, int64_t, const T*, const T*, T*);       \
  template void mul(const CudaContext&, int64_t, const T*, const T*, T*);       \
  template void affine(const CudaContext&, int64_t, T, T, const T*, T*);        \
  template void axpy(const CudaContext&, int64_t, T, const T*, T*);             \
  template void clamp_forward(const CudaContext&, int64_t, T, T, const T*, T*); \
  template void clamp_backward(const CudaContext&, int64_t, T, T, const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
