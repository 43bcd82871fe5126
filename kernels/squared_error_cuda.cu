#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/squared_error.h"

namespace nst::kernels {

template <class T>
void squared_error_forward(const CudaContext& context, int64_t count, T scale, const T* a, const T* b,
                           T* loss) {
  cuda::sum(
      context, count, scale,
      [=] __device__(int64_t i) {
        const double difference = static_cast<double>(a[i]) - b[i];
        return difference * difference;
      },
      loss);
}

template <class T>
void squared_error_backward(const CudaContext& context, int64_t count, T scale, const T* a, const T* b,
                            const T* grad_loss, T* grad_a) {
  // The loss's gradient is read on the device: the host need not know it.
  cuda::map(context, count, grad_a,
            [=] __device__(int64_t i) { return 2 * scale * *grad_loss * (a[i] - b[i]); });
}

#define NST_INSTANTIATE(T)                                                                     \
  template void squared_error_forward(const CudaContext&, int64_t, T, const T*, const T*, T*); \
  template void squared_error_backward(const CudaContext&, int64_t, T, const T*, const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
