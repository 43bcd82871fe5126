#include <cmath>

#include "kernels/cuda/elementwise.cuh"
#include "kernels/tanh.h"

namespace nst::kernels {

template <class T>
void tanh_forward(const CudaContext& context, int64_t count, const T* x, T* y) {
  cuda::map(context, count, y, [=] __device__(int64_t i) { return std::tanh(x[i]); });
}

template <class T>
void tanh_backward(const CudaContext& context, int64_t count, const T* y, const T* grad_y, T* grad_x) {
  cuda::map(context, count, grad_x, [=] __device__(int64_t i) { return grad_y[i] * (T(1) - y[i] * y[i]); });
}

#define NST_INSTANTIATE(T)                                               \
  template void tanh_forward(const CudaContext&, int64_t, const T*, T*); \
  template void tanh_backward(const CudaContext&, int64_t, const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
