// What rungs 04 and later share: a block of 32 channels by 32 pixels.
//
//   warp 0   channels 0 1 2 ... 31  of pixels 0, 32, 64 ...      a warp reads 128 bytes in a row
//   warp 1                          of pixels 1, 33, 65 ...
//   ...
//   warp 31                         of pixels 31, 63, 95 ...
#pragma once

#include "kernels/cuda/reduce.cuh"

namespace nst::kernels::study::instance_norm {

inline constexpr int kSide = 32;

// The sum over the block's pixels, in all threads of the channel. The values change places in shared memory,
// so that a warp holds the 32 of a channel; rows of 33 floats keep both ways free of bank conflicts.
__device__ inline float column_sum(float value) {
  NST_SHARED(float, values, [kSide][kSide + 1]);
  NST_SHARED(float, sums, [kSide]);
  __syncthreads();  // the previous call's sums have been read
  values[threadIdx.y][threadIdx.x] = value;
  __syncthreads();
  const float sum = cuda::warp_reduce(values[threadIdx.x][threadIdx.y], cuda::Plus{});
  if (threadIdx.x == 0) sums[threadIdx.y] = sum;
  __syncthreads();
  return sums[threadIdx.x];
}

}  // namespace nst::kernels::study::instance_norm
