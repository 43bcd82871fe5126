#include <cmath>

#include "kernels/adam.h"
#include "kernels/cuda/elementwise.cuh"

namespace nst::kernels {

template <class T>
void adam_step(const CudaContext& context, int64_t count, const AdamStep& step, const T* g, T* x, T* m,
               T* v) {
  const double t = static_cast<double>(step.step);
  const T beta1 = static_cast<T>(step.beta1), beta2 = static_cast<T>(step.beta2);
  // In double: 1 - 0.999f is off by 5e-5 of itself.
  const T rest1 = static_cast<T>(1 - step.beta1), rest2 = static_cast<T>(1 - step.beta2);
  const T rate = static_cast<T>(step.learning_rate / (1 - std::pow(step.beta1, t)));
  const T root = static_cast<T>(1 / std::sqrt(1 - std::pow(step.beta2, t)));
  const T epsilon = static_cast<T>(step.epsilon);
  cuda::for_each(context, count, [=] __device__(int64_t i) {
    const T gradient = g[i];
    const T mean = beta1 * m[i] + rest1 * gradient, square = beta2 * v[i] + rest2 * gradient * gradient;
    m[i] = mean;
    v[i] = square;
    x[i] -= rate * mean / (sqrt(square) * root + epsilon);
  });
}

template void adam_step(const CudaContext&, int64_t, const AdamStep&, const float*, float*, float*, float*);
template void adam_step(const CudaContext&, int64_t, const AdamStep&, const double*, double*, double*,
                        double*);

}  // namespace nst::kernels
