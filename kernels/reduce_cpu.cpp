#include "kernels/reduce.h"

#include <cmath>

#include "kernels/parallel.h"

namespace nst::kernels {
namespace {

// Sum of term(i) over [0, count), in parallel.
template <class Term>
double sum_over(int64_t count, Term&& term) {
  return parallel_sum(count, [&](int64_t begin, int64_t end) { return sum_of_terms(begin, end, term); });
}

// The larger one, or NaN when either is; std::max would drop a NaN on the right.
template <class T>
T larger(T a, T b) {
  return a >= b || std::isnan(a) ? a : b;
}

}  // namespace

template <class T>
void sum_forward(const CpuContext&, int64_t count, T scale, const T* x, T* sum) {
  *sum = static_cast<T>(scale * sum_over(count, [=](int64_t i) { return x[i]; }));
}

template <class T>
void sum_backward(const CpuContext&, int64_t count, T scale, const T* grad_sum, T* grad_x) {
  const T gradient = scale * *grad_sum;
  parallel_for(count, kElementGrain,
               [&](int64_t begin, int64_t end) { std::fill(grad_x + begin, grad_x + end, gradient); });
}

template <class T>
void dot(const CpuContext&, int64_t count, const T* a, const T* b, T* dot) {
  *dot = static_cast<T>(sum_over(count, [=](int64_t i) { return static_cast<double>(a[i]) * b[i]; }));
}

template <class T>
void norm1(const CpuContext&, int64_t count, const T* x, T* norm) {
  *norm = static_cast<T>(sum_over(count, [=](int64_t i) { return std::abs(x[i]); }));
}

template <class T>
void max_abs(const CpuContext&, int64_t count, const T* x, T* largest) {
  T result = 0;
  const auto partials = parallel_partials(count, kElementGrain, [=](int64_t begin, int64_t end) {
    T partial = 0;
    for (int64_t i = begin; i < end; ++i) partial = larger(partial, std::abs(x[i]));
    return partial;
  });
  for (const T partial : partials) result = larger(result, partial);
  *largest = result;
}

#define NST_INSTANTIATE(T)                                                 \
  template void sum_forward(const CpuContext&, int64_t, T, const T*, T*);  \
  template void sum_backward(const CpuContext&, int64_t, T, const T*, T*); \
  template void dot(const CpuContext&, int64_t, const T*, const T*, T*);   \
  template void norm1(const CpuContext&, int64_t, const T*, T*);           \
  template void max_abs(const CpuContext&, int64_t, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
