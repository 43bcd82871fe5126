// Small kernels, each right as it stands and wrong with the bug its parameter puts in: what the runner must
// report.
#pragma once

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/ptx.cuh"

namespace nst::mutants {

inline constexpr int kThreads = 64;

enum class Barrier { present, removed };
enum class Arrival { together, half_at_another, half_never };
enum class Range { exact, one_more, one_less };
enum class Total { in_turn, racy };
enum class Wait { present, removed };

// y = x with every block's elements in reverse order.
template <Barrier kBarrier>
__global__ void reverse_kernel(const float* x, float* y) {
  NST_SHARED(float, tile, [kThreads]);
  const int i = blockIdx.x * kThreads + threadIdx.x;
  tile[threadIdx.x] = x[i];
  if constexpr (kBarrier == Barrier::present) __syncthreads();
  y[i] = tile[kThreads - 1 - threadIdx.x];
}

// The same within each warp, whose lanes need a barrier too since Volta.
template <Barrier kBarrier>
__global__ void reverse_warp_kernel(const float* x, float* y) {
  NST_SHARED(float, tile, [kThreads]);
  const int i = blockIdx.x * kThreads + threadIdx.x;
  tile[threadIdx.x] = x[i];
  if constexpr (kBarrier == Barrier::present) __syncwarp();
  y[i] = tile[threadIdx.x ^ 31];
}

// y = 2 x, with a barrier that may be reached by some threads alone.
template <Arrival kArrival>
__global__ void barrier_kernel(const float* x, float* y) {
  const int i = blockIdx.x * kThreads + threadIdx.x;
  if (kArrival == Arrival::half_at_another && threadIdx.x % 2 == 1) {
    __syncthreads();
  } else if (kArrival != Arrival::half_never || threadIdx.x % 2 == 0) {
    __syncthreads();
  }
  y[i] = 2 * x[i];
}

// y[i] = x[i + 1] - x[i], and 0 at the end.
template <Range kReads, Range kWrites>
__global__ void difference_kernel(int count, const float* x, float* y) {
  const int i = blockIdx.x * kThreads + threadIdx.x;
  const int last_read = kReads == Range::one_more ? count : count - 1;
  const int written = kWrites == Range::one_more ? count + 1 : kWrites == Range::one_less ? count - 1 : count;
  if (i < written) y[i] = i < last_read ? x[i + 1] - x[i] : 0;
}

// y = each element's right neighbour in the block, the last one's its own, through shared memory.
template <Range kReads>
__global__ void shared_neighbour_kernel(const float* x, float* y) {
  NST_SHARED(float, tile, [kThreads]);
  const int i = blockIdx.x * kThreads + threadIdx.x, me = threadIdx.x;
  tile[me] = x[i];
  __syncthreads();
  y[i] = tile[me + 1 < kThreads + (kReads == Range::one_more) ? me + 1 : me];
}

// sum = the sum of x over one block.
template <Total kTotal>
__global__ void sum_kernel(const float* x, float* sum) {
  NST_SHARED(float, tile, [kThreads]);
  tile[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  if constexpr (kTotal == Total::racy) {
    *sum += tile[threadIdx.x];
  } else if (threadIdx.x == 0) {
    for (float v : tile) *sum += v;
  }
}

// A tree in shared memory, every level of which needs its barrier.
template <Barrier kBarrier>
__global__ void tree_sum_kernel(const float* x, float* sum) {
  NST_SHARED(float, tile, [kThreads]);
  tile[threadIdx.x] = x[threadIdx.x];
  for (int half = kThreads / 2; half > 0; half /= 2) {
    if (kBarrier == Barrier::present || half == kThreads / 2) __syncthreads();
    if (threadIdx.x < half) tile[threadIdx.x] += tile[threadIdx.x + half];
  }
  if (threadIdx.x == 0) *sum = tile[0];
}

// y = x through an asynchronous copy.
template <Wait kWait>
__global__ void copy_kernel(const float* x, float* y) {
  NST_SHARED(float, tile, [kThreads]);
  const int i = blockIdx.x * kThreads + threadIdx.x;
  kernels::cuda::cp_async<4>(&tile[threadIdx.x], x + i);
  kernels::cuda::cp_async_commit();
  if constexpr (kWait == Wait::present) kernels::cuda::cp_async_wait<0>();
  y[i] = tile[threadIdx.x];
}

// Whether the left neighbour's value is smaller; with the bug, lanes the mask counts on are not there.
template <Arrival kArrival>
__global__ void shuffle_kernel(const float* x, float* y) {
  const int i = blockIdx.x * kThreads + threadIdx.x;
  if (kArrival == Arrival::half_never && threadIdx.x % 32 >= 16) return;
  const float left = __shfl_up_sync(0xffffffff, x[i], 1);
  y[i] = left < x[i];
}

}  // namespace nst::mutants
