// winograd.h's transforms as a thread does them, in registers.
#pragma once

#include "kernels/cuda/launch.cuh"
#include "kernels/winograd.h"

namespace nst::kernels::cuda {

// M d M^T for the kIn x kIn matrix d.
template <class M, int kIn, int kOut, class T>
__device__ void transform(const T (&d)[kIn][kIn], T (&y)[kOut][kOut]) {
  T half[kOut][kIn];
#pragma unroll
  for (int j = 0; j < kIn; ++j) {
    T column[kIn], result[kOut];
#pragma unroll
    for (int i = 0; i < kIn; ++i) column[i] = d[i][j];
    M()(column, result);
#pragma unroll
    for (int i = 0; i < kOut; ++i) half[i][j] = result[i];
  }
#pragma unroll
  for (int i = 0; i < kOut; ++i) M()(half[i], y[i]);
}

}  // namespace nst::kernels::cuda
