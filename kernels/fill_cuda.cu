#include "kernels/cuda/elementwise.cuh"
#include "kernels/fill.h"

namespace nst::kernels {

template <class T>
void fill(const CudaContext& context, int64_t count, T value, T* x) {
  cuda::map(context, count, x, [=] __device__(int64_t) { return value; });
}

template void fill(const CudaContext&, int64_t, float, float*);
template void fill(const CudaContext&, int64_t, double, double*);
template void fill(const CudaContext&, int64_t, uint8_t, uint8_t*);

}  // namespace nst::kernels
