#include "kernels/cuda/elementwise.cuh"
#include "kernels/relu.h"

namespace nst::kernels {

template <class T>
void relu_forward(const CudaContext& context, int64_t count, const T* x, T* y) {
  cuda::map(context, count, y, [=] __device__(int64_t i) { return x[i] < T(0) ? T(0) : x[i]; });
}

template <class T>
void relu_backward(const CudaContext& context, int64_t count, const T* y, const T* grad_y, T* grad_x) {
  cuda::map(context, count, grad_x, [=] __device__(int64_t i) { return y[i] > T(0) ? grad_y[i] : T(0); });
}

#define NST_INSTANTIATE(T)                                               \
  template void relu_forward(const CudaContext&, int64_t, const T*, T*); \
  template void relu_backward(const CudaContext&, int64_t, const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
