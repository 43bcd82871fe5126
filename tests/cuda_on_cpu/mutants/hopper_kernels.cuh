// A ring of stages between TMA and wgmma, right as it stands and wrong with the bug its parameter puts in.
#pragma once

#include "kernels/cuda/hopper.cuh"
#include "kernels/cuda/launch.cuh"

namespace nst::mutants {

enum class RingBug {
  none,
  no_init_fence,    // the barriers are not shown to TMA
  no_full_wait,     // the last product is of what has not arrived
  early_release,    // a stage is given back before its products are done
  no_empty_wait,    // a stage is filled before it was given back
  no_release,       // or never is
  wrong_bytes,      // the barrier waits for more than is copied
  no_fence,         // the sums are touched without one
  no_wait,          // and read before they are done
  another_operand,  // one warp of the four multiplies something else
};

inline constexpr int kSteps = 5, kRingStages = 2, kRingThreads = 128 + 32;
inline constexpr int kOperandBytes = 64 * 128;

// d (64 x 64) = x x^T for x (64, kSteps * 32).
template <RingBug kBug>
__global__ void ring_kernel(const __grid_constant__ CUtensorMap x, float* d) {
  using namespace kernels::cuda;
  NST_DYNAMIC_SHARED(unsigned char, stages);
  NST_SHARED(uint64_t, full, [kRingStages]);
  NST_SHARED(uint64_t, empty, [kRingStages]);
  const int t = threadIdx.x;
  if (t == 0) {
    for (int s = 0; s < kRingStages; ++s) mbarrier_init(&full[s], 1), mbarrier_init(&empty[s], 4);
    if (kBug != RingBug::no_init_fence) mbarrier_init_fence();
  }
  __syncthreads();
  if (t == 128) {
    for (int step = 0; step < kSteps; ++step) {
      const int s = step % kRingStages;
      if (kBug != RingBug::no_empty_wait) mbarrier_wait(&empty[s], step / kRingStages % 2 ^ 1);
      mbarrier_arrive_expect(&full[s], kOperandBytes + (kBug == RingBug::wrong_bytes ? 16 : 0));
      tma_load(stages + s * kOperandBytes, &x, step * 32, 0, 0, &full[s]);
    }
  }
  if (t >= 128) return;
  float sums[32] = {};
  for (int step = 0; step < kSteps; ++step) {
    const int s = step % kRingStages;
    const auto release = [&] {
      if (t % 32 == 0) mbarrier_arrive(&empty[s]);
    };
    if (kBug != RingBug::no_full_wait || step + 1 < kSteps) mbarrier_wait(&full[s], step / kRingStages % 2);
    const uint64_t operand = matrix_descriptor(shared_address(stages + s * kOperandBytes));
    if (kBug != RingBug::no_fence) wgmma_fence();
    for (int k = 0; k < 4; ++k) {
      const bool other = kBug == RingBug::another_operand && t / 32 == 2 && k == 3;
      wgmma_tf32(sums, operand + 2 * k, operand + (other ? 0 : 2 * k));
    }
    wgmma_commit();
    if (kBug == RingBug::early_release) release();
    if (kBug != RingBug::no_wait) wgmma_finish(sums);
    if (kBug != RingBug::early_release && kBug != RingBug::no_release) release();
  }
  for (int i = 0; i < 32; ++i) {
    d[(t / 32 * 16 + t % 32 / 4 + i / 2 % 2 * 8) * 64 + i / 4 * 8 + t % 4 * 2 + i % 2] = sums[i];
  }
}

}  // namespace nst::mutants
