#include "kernels/cuda/elementwise.cuh"
#include "kernels/narrow.h"

namespace nst::kernels {

template <class T>
void narrow(const CudaContext& context, Narrow type, int64_t count, const T* x, uint16_t* y) {
  cuda::map(context, count, y, [=] __device__(int64_t i) {
    return type == Narrow::bfloat16 ? to_bfloat16(x[i]) : to_float16(x[i]);
  });
}

template <class T>
void widen(const CudaContext& context, Narrow type, int64_t count, const uint16_t* x, T* y) {
  cuda::map(context, count, y, [=] __device__(int64_t i) {
    return type == Narrow::bfloat16 ? from_bfloat16(x[i]) : from_float16(x[i]);
  });
}

template void narrow(const CudaContext&, Narrow, int64_t, const float*, uint16_t*);
template void widen(const CudaContext&, Narrow, int64_t, const uint16_t*, float*);

}  // namespace nst::kernels
