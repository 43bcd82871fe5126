#include "kernels/fill.h"
#include "kernels/parallel.h"

namespace nst::kernels {

template <class T>
void fill(const CpuContext&, int64_t count, T value, T* x) {
  parallel_for(count, kElementGrain,
               [&](int64_t begin, int64_t end) { std::fill(x + begin, x + end, value); });
}

template void fill(const CpuContext&, int64_t, float, float*);
template void fill(const CpuContext&, int64_t, double, double*);
template void fill(const CpuContext&, int64_t, uint8_t, uint8_t*);

}  // namespace nst::kernels
