// The runner's version of kernels/cuda/hopper.cuh, whose comments hold here too. What the instructions do is
// in runner/{mbarrier,tma,wgmma}.cpp, written from the manual and not from the kernels that use it.
#pragma once

#include <cuda.h>

#include "kernels/cuda/matrix_descriptor.h"
#include "kernels/cuda/ptx.cuh"
#include "runner/engine.h"
#include "runner/mbarrier.h"
#include "runner/tma.h"
#include "runner/wgmma.h"

namespace nst::kernels::cuda {

inline uint32_t shared_address(const void* shared) { return cuda_on_cpu::shared_offset(shared); }

inline void mbarrier_init(uint64_t* barrier, unsigned count) {
  cuda_on_cpu::mbarrier_init(barrier, count);
  cuda_on_cpu::barriers_shown() = false;
}
inline void mbarrier_init_fence() { cuda_on_cpu::barriers_shown() = true; }
inline void mbarrier_arrive(uint64_t* barrier) { cuda_on_cpu::mbarrier_arrive(barrier); }
inline void mbarrier_arrive_expect(uint64_t* barrier, unsigned bytes) {
  cuda_on_cpu::mbarrier_expect(barrier, bytes);
  cuda_on_cpu::mbarrier_arrive(barrier);
}
inline void mbarrier_wait(uint64_t* barrier, unsigned parity, CUDA_ON_CPU_HERE) {
  cuda_on_cpu::mbarrier_wait(barrier, parity, site);
}

inline void tma_load(void* shared, const CUtensorMap* map, int c0, int c1, int c2, uint64_t* barrier) {
  const int corner[] = {c0, c1, c2};
  cuda_on_cpu::tma_load(shared, map, 3, corner, barrier);
}
inline void tma_load(void* shared, const CUtensorMap* map, int c0, int c1, int c2, int c3,
                     uint64_t* barrier) {
  const int corner[] = {c0, c1, c2, c3};
  cuda_on_cpu::tma_load(shared, map, 4, corner, barrier);
}

namespace emulated {

// All lanes of the warp meet, and its queue is told.
template <class Tell>
void tell_queue(const cuda_on_cpu::Site& site, Tell) {
  int nothing = 0;
  cuda_on_cpu::warp_meeting(
      0xffffffff, &nothing, [](void* const(&)[32], unsigned) { Tell{}(cuda_on_cpu::wgmma_queue()); }, site);
}

template <cuda_on_cpu::WgmmaType kType, int kCount>
void wgmma(float (&sums)[kCount], uint64_t a, uint64_t b, const cuda_on_cpu::Site& site) {
  struct Lane {
    float* sums;
    uint64_t a, b;
  } mine{sums, a, b};
  const auto combine = [](void* const(&lanes)[32], unsigned) {
    const Lane& first = *static_cast<Lane*>(lanes[0]);
    cuda_on_cpu::WgmmaOperands operands{{}, kCount, first.a, first.b, kType};
    for (int l = 0; l < 32; ++l) {
      const Lane& lane = *static_cast<Lane*>(lanes[l]);
      if (lane.a != first.a || lane.b != first.b)
        cuda_on_cpu::fail("wgmma: lanes with different descriptors");
      operands.sums[l] = lane.sums;
    }
    cuda_on_cpu::wgmma_issue(operands);
  };
  cuda_on_cpu::warp_meeting(0xffffffff, &mine, combine, site);
}

}  // namespace emulated

inline void wgmma_fence(CUDA_ON_CPU_HERE) {
  emulated::tell_queue(site, [](cuda_on_cpu::WgmmaQueue& queue) { queue.fence(); });
}
inline void wgmma_commit(CUDA_ON_CPU_HERE) {
  emulated::tell_queue(site, [](cuda_on_cpu::WgmmaQueue& queue) { queue.commit(); });
}
template <int kPending>
void wgmma_wait(CUDA_ON_CPU_HERE) {
  emulated::tell_queue(site, [](cuda_on_cpu::WgmmaQueue& queue) { queue.wait(kPending); });
}
template <int kCount>
void wgmma_finish(float (&)[kCount], CUDA_ON_CPU_HERE) {
  wgmma_wait<0>(site);
}

template <int kCount>
void wgmma_bf16(float (&sums)[kCount], uint64_t a, uint64_t b, CUDA_ON_CPU_HERE) {
  emulated::wgmma<cuda_on_cpu::WgmmaType::bf16>(sums, a, b, site);
}
template <int kCount>
void wgmma_f16(float (&sums)[kCount], uint64_t a, uint64_t b, CUDA_ON_CPU_HERE) {
  emulated::wgmma<cuda_on_cpu::WgmmaType::f16>(sums, a, b, site);
}
template <int kCount>
void wgmma_tf32(float (&sums)[kCount], uint64_t a, uint64_t b, CUDA_ON_CPU_HERE) {
  emulated::wgmma<cuda_on_cpu::WgmmaType::tf32>(sums, a, b, site);
}

}  // namespace nst::kernels::cuda
