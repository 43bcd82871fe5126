#include <Eigen/Core>

#include "kernels/parallel.h"
#include "kernels/tanh.h"

namespace nst::kernels {

template <class T>
void tanh_forward(const CpuContext&, int64_t count, const T* x, T* y) {
  using Array = Eigen::Array<T, Eigen::Dynamic, 1>;
  parallel_for(count, kElementGrain, [&](int64_t begin, int64_t end) {
    const int64_t n = end - begin;
    // Eigen's is a rational function over whole vectors, where std::tanh takes one element at a time.
    Eigen::Map<Array>(y + begin, n) = Eigen::Map<const Array>(x + begin, n).tanh();
  });
}

template <class T>
void tanh_backward(const CpuContext&, int64_t count, const T* y, const T* grad_y, T* grad_x) {
  parallel_for(count, kElementGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) grad_x[i] = grad_y[i] * (T(1) - y[i] * y[i]);
  });
}

#define NST_INSTANTIATE(T)                                              \
  template void tanh_forward(const CpuContext&, int64_t, const T*, T*); \
  template void tanh_backward(const CpuContext&, int64_t, const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
