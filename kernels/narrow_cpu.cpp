#include "kernels/narrow.h"

#include "kernels/parallel.h"

namespace nst::kernels {
namespace {

template <class X, class Y, class F>
void map(int64_t count, const X* x, Y* y, F f) {
  parallel_for(count, kElementGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) y[i] = f(x[i]);
  });
}

}  // namespace

template <class T>
void narrow(const CpuContext&, Narrow type, int64_t count, const T* x, uint16_t* y) {
  if (type == Narrow::bfloat16) return map(count, x, y, [](T v) { return to_bfloat16(v); });
  map(count, x, y, [](T v) { return to_float16(v); });
}

template <class T>
void widen(const CpuContext&, Narrow type, int64_t count, const uint16_t* x, T* y) {
  if (type == Narrow::bfloat16) return map(count, x, y, [](uint16_t v) { return from_bfloat16(v); });
  map(count, x, y, [](uint16_t v) { return from_float16(v); });
}

template void narrow(const CpuContext&, Narrow, int64_t, const float*, uint16_t*);
template void widen(const CpuContext&, Narrow, int64_t, const uint16_t*, float*);

}  // namespace nst::kernels
