#include "kernels/reduce.h"

#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/reduce.cuh"

namespace nst::kernels {
namespace {

// The larger one, or NaN when either is; fmax would drop it.
struct Larger {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a >= b || a != a ? a : b;
  }
};

}  // namespace

template <class T>
void sum_forward(const CudaContext& context, int64_t count, T scale, const T* x, T* sum) {
  cuda::sum(
      context, count, scale, [=] __device__(int64_t i) { return static_cast<double>(x[i]); }, sum);
}

template <class T>
void sum_backward(const CudaContext& context, int64_t count, T scale, const T* grad_sum, T* grad_x) {
  cuda::map(context, count, grad_x, [=] __device__(int64_t) { return scale * *grad_sum; });
}

template <class T>
void dot(const CudaContext& context, int64_t count, const T* a, const T* b, T* dot) {
  cuda::sum(
      context, count, T(1), [=] __device__(int64_t i) { return static_cast<double>(a[i]) * b[i]; }, dot);
}

template <class T>
void norm1(const CudaContext& context, int64_t count, const T* x, T* norm) {
  cuda::sum(
      context, count, T(1), [=] __device__(int64_t i) { return fabs(static_cast<double>(x[i])); }, norm);
}

template <class T>
void max_abs(const CudaContext& context, int64_t count, const T* x, T* largest) {
  cuda::reduce(
      context, count, T(0), [=] __device__(int64_t i) { return x[i] < T(0) ? -x[i] : x[i]; }, Larger{},
      [=] __device__(T value) { *largest = value; });
}

#define NST_INSTANTIATE(T)                                                  \
  template void sum_forward(const CudaContext&, int64_t, T, const T*, T*);  \
  template void sum_backward(const CudaContext&, int64_t, T, const T*, T*); \
  template void dot(const CudaContext&, int64_t, const T*, const T*, T*);   \
  template void norm1(const CudaContext&, int64_t, const T*, T*);           \
  template void max_abs(const CudaContext&, int64_t, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
