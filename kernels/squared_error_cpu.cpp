#include "kernels/parallel.h"
#include "kernels/squared_error.h"

namespace nst::kernels {

template <class T>
void squared_error_forward(const CpuContext&, int64_t count, T scale, const T* a, const T* b, T* loss) {
  const double sum = parallel_sum(count, [=](int64_t begin, int64_t end) {
    return sum_of_terms(begin, end, [=](int64_t i) {
      const double difference = static_cast<double>(a[i]) - b[i];
      return difference * difference;
    });
  });
  *loss = static_cast<T>(scale * sum);
}

template <class T>
void squared_error_backward(const CpuContext&, int64_t count, T scale, const T* a, const T* b,
                            const T* grad_loss, T* grad_a) {
  const T factor = 2 * scale * *grad_loss;
  parallel_for(count, kElementGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) grad_a[i] = factor * (a[i] - b[i]);
  });
}

#define NST_INSTANTIATE(T)                                                                    \
  template void squared_error_forward(const CpuContext&, int64_t, T, const T*, const T*, T*); \
  template void squared_error_backward(const CpuContext&, int64_t, T, const T*, const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
