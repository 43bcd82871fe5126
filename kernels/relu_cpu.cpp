#include "kernels/parallel.h"
#include "kernels/relu.h"

namespace nst::kernels {

template <class T>
void relu_forward(const CpuContext&, int64_t count, const T* x, T* y) {
  parallel_for(count, kElementGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) y[i] = x[i] < T(0) ? T(0) : x[i];
  });
}

template <class T>
void relu_backward(const CpuContext&, int64_t count, const T* y, const T* grad_y, T* grad_x) {
  parallel_for(count, kElementGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) grad_x[i] = y[i] > T(0) ? grad_y[i] : T(0);
  });
}

#define NST_INSTANTIATE(T)                                              \
  template void relu_forward(const CpuContext&, int64_t, const T*, T*); \
  template void relu_backward(const CpuContext&, int64_t, const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
