#include "kernels/elementwise.h"

#include "kernels/parallel.h"

namespace nst::kernels {
namespace {

// f(i) for every element, in parallel.
template <class F>
void for_each_element(int64_t count, F f) {
  parallel_for(count, kElementGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) f(i);
  });
}

}  // namespace

template <class T>
void add(const CpuContext&, int64_t count, const T* a, const T* b, T* y) {
  for_each_element(count, [=](int64_t i) { y[i] = a[i] + b[i]; });
}

template <class T>
void sub(const CpuContext&, int64_t count, const T* a, const T* b, T* y) {
  for_each_element(count, [=](int64_t i) { y[i] = a[i] - b[i]; });
}

template <class T>
void mul(const CpuContext&, int64_t count, const T* a, const T* b, T* y) {
  for_each_element(count, [=](int64_t i) { y[i] = a[i] * b[i]; });
}

template <class T>
void affine(const CpuContext&, int64_t count, T scale, T offset, const T* x, T* y) {
  for_each_element(count, [=](int64_t i) { y[i] = scale * x[i] + offset; });
}

template <class T>
void axpy(const CpuContext&, int64_t count, T scale, const T* x, T* y) {
  for_each_element(count, [=](int64_t i) { y[i] += scale * x[i]; });
}

template <class T>
void clamp_forward(const CpuContext&, int64_t count, T low, T high, const T* x, T* y) {
  for_each_element(count, [=](int64_t i) { y[i] = x[i] < low ? low : x[i] > high ? high : x[i]; });
}

template <class T>
void clamp_backward(const CpuContext&, int64_t count, T low, T high, const T* x, const T* grad_y, T* grad_x) {
  for_each_element(count, [=](int64_t i) { grad_x[i] = x[i] >= low && x[i] <= high ? grad_y[i] : T(0); });
}

#define NST_INSTANTIATE(T)                                                     \
  template void add(const CpuContext&, int64_t, const T*, const T*, T*);       \
  template void sub(const CpuContext&, int64_t, const T*, const T*, T*);       \
  template void mul(const CpuContext&, int64_t, const T*, const T*, T*);       \
  template void affine(const CpuContext&, int64_t, T, T, const T*, T*);        \
  template void axpy(const CpuContext&, int64_t, T, const T*, T*);             \
  template void clamp_forward(const CpuContext&, int64_t, T, T, const T*, T*); \
  template void clamp_backward(const CpuContext&, int64_t, T, T, const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
