// What only compute capability 9.0 has, one small function each: barriers that count bytes, bulk copies of
// tensor tiles (TMA), products of a warpgroup (wgmma). Its instructions exist for sm_90a alone, so the
// sources that include this are compiled for nothing else (add_hopper_sources in cmake/cuda.cmake). The
// CUDA-on-CPU runner implements the same functions in plain C++
// (tests/cuda_on_cpu/include/kernels/cuda/hopper.cuh).
//
// Section names below are those of the PTX ISA manual.
#pragma once

#include <cuda.h>

#include "kernels/cuda/matrix_descriptor.h"
#include "kernels/cuda/ptx.cuh"

namespace nst::kernels::cuda {

// --- mbarrier ("Parallel Synchronization and Communication Instructions: mbarrier")
//
// A barrier in shared memory goes through phases. A phase ends when `count` threads have arrived and all the
// bytes that were announced have been written; the next one begins by itself. Phases alternate in parity,
// 0 first.

// Called by one thread, before mbarrier_init_fence() and a block barrier.
__device__ inline void mbarrier_init(uint64_t* barrier, unsigned count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(count)
               : "memory");
}
// Shows the barriers this thread has made to the TMA unit.
__device__ inline void mbarrier_init_fence() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}
__device__ inline void mbarrier_arrive(uint64_t* barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(barrier)) : "memory");
}
// Announces that `bytes` are going to be written in this phase, and arrives.
__device__ inline void mbarrier_arrive_expect(uint64_t* barrier, unsigned bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(barrier)),
               "r"(bytes)
               : "memory");
}
// Waits until the phase of this parity is over: with parity 1 a new barrier does not make anyone wait.
__device__ inline void mbarrier_wait(uint64_t* barrier, unsigned parity) {
  uint32_t done;
  do {  // the instruction itself sleeps for a while
    asm volatile(
        "{ .reg .pred over;\n"
        "mbarrier.try_wait.parity.shared::cta.b64 over, [%1], %2;\n"
        "selp.b32 %0, 1, 0, over; }"
        : "=r"(done)
        : "r"(shared_address(barrier)), "r"(parity)
        : "memory");
  } while (!done);
}

// --- TMA ("Data Movement and Conversion Instructions: cp.async.bulk.tensor", "Tensors")
//
// One thread starts copying a box of a tensor, whose corner is at the coordinates (innermost first), into
// dense shared memory aligned to 1024 bytes, 16-byte pieces exchanged as the map's swizzle says. What lies
// outside of the tensor is zero. The box's bytes, those zeros too, count for the barrier's phase.
// `map` is a __grid_constant__ parameter.
__device__ inline void tma_load(void* shared, const CUtensorMap* map, int c0, int c1, int c2,
                                uint64_t* barrier) {
  asm volatile(
      "cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
      "[%0], [%1, {%2, %3, %4}], [%5];" ::"r"(shared_address(shared)),
      "l"(map), "r"(c0), "r"(c1), "r"(c2), "r"(shared_address(barrier))
      : "memory");
}
__device__ inline void tma_load(void* shared, const CUtensorMap* map, int c0, int c1, int c2, int c3,
                                uint64_t* barrier) {
  asm volatile(
      "cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
      "[%0], [%1, {%2, %3, %4, %5}], [%6];" ::"r"(shared_address(shared)),
      "l"(map), "r"(c0), "r"(c1), "r"(c2), "r"(c3), "r"(shared_address(barrier))
      : "memory");
}

// --- wgmma ("Asynchronous Warpgroup Level Matrix Multiply-Accumulate Instructions")
//
// D (64 x N) += A (64 x K) B (K x N) with K = 16 for bf16 and fp16, 8 for tf32: 32 bytes of each operand's
// rows. All 128 threads of a warpgroup, four warps of which the first is a multiple of four, call. Both
// operands lie in shared memory and are named by a descriptor (matrix_descriptor.h).
//
// Thread t holds N/2 sums ("Register Fragments"): with w = t / 32 % 4 and lane = t % 32,
//   d[i] = D[16w + lane/4 + i/2%2*8][i/4*8 + lane%4*2 + i%2]

// Before the first product, and before the next one after the sums were touched.
__device__ inline void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
// Closes the warp's group of products since the last commit.
__device__ inline void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
// Waits until all but the warp's kPending latest groups are done: their operands have been read. The sums
// still belong to the tensor core.
template <int kPending>
__device__ inline void wgmma_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kPending) : "memory");
}
// Waits for all groups and hands the sums back. The empty statements keep the compiler from reading them
// earlier.
template <int kCount>
__device__ inline void wgmma_finish(float (&sums)[kCount]) {
  wgmma_wait<0>();
#pragma unroll
  for (float& sum : sums) asm volatile("" : "+f"(sum)::"memory");
}

// Lists of operands: %t0 to %t9 of an instruction, and ten of the registers they stand for.
#define NST_NAMES(t) \
  "%" t "0, %" t "1, %" t "2, %" t "3, %" t "4, %" t "5, %" t "6, %" t "7, %" t "8, %" t "9"
#define NST_SUMS_2(i) "+f"(d[i]), "+f"(d[(i) + 1])
#define NST_SUMS_10(i) \
  NST_SUMS_2(i), NST_SUMS_2((i) + 2), NST_SUMS_2((i) + 4), NST_SUMS_2((i) + 6), NST_SUMS_2((i) + 8)
#define NST_SUMS_30(i) NST_SUMS_10(i), NST_SUMS_10((i) + 10), NST_SUMS_10((i) + 20)
#define NST_NAMES_30 NST_NAMES("") ", " NST_NAMES("1") ", " NST_NAMES("2")
#define NST_NAMES_60 NST_NAMES_30 ", " NST_NAMES("3") ", " NST_NAMES("4") ", " NST_NAMES("5")
#define NST_NAMES_120                                                                      \
  NST_NAMES_60 ", " NST_NAMES("6") ", " NST_NAMES("7") ", " NST_NAMES("8") ", " NST_NAMES( \
      "9") ", " NST_NAMES("10") ", " NST_NAMES("11")

// One product for each N; `flags`: scale D by 1, A and B by 1, and for 16 bits no transposition.
#define NST_WGMMA(name, k, type, flags)                                                                \
  __device__ inline void name(float(&d)[32], uint64_t a, uint64_t b) {                                 \
    asm volatile("wgmma.mma_async.sync.aligned.m64n64k" k ".f32." type "." type " {" NST_NAMES_30      \
                 ", %30, %31}, %32, %33, " flags ";"                                                   \
                 : NST_SUMS_30(0), NST_SUMS_2(30)                                                      \
                 : "l"(a), "l"(b));                                                                    \
  }                                                                                                    \
  __device__ inline void name(float(&d)[64], uint64_t a, uint64_t b) {                                 \
    asm volatile("wgmma.mma_async.sync.aligned.m64n128k" k ".f32." type "." type " {" NST_NAMES_60     \
                 ", %60, %61, %62, %63}, %64, %65, " flags ";"                                         \
                 : NST_SUMS_30(0), NST_SUMS_30(30), NST_SUMS_2(60), NST_SUMS_2(62)                     \
                 : "l"(a), "l"(b));                                                                    \
  }                                                                                                    \
  __device__ inline void name(float(&d)[128], uint64_t a, uint64_t b) {                                \
    asm volatile("wgmma.mma_async.sync.aligned.m64n256k" k ".f32." type "." type " {" NST_NAMES_120    \
                 ", %120, %121, %122, %123, %124, %125, %126, %127}, %128, %129, " flags ";"           \
                 : NST_SUMS_30(0), NST_SUMS_30(30), NST_SUMS_30(60), NST_SUMS_30(90), NST_SUMS_2(120), \
                   NST_SUMS_2(122), NST_SUMS_2(124), NST_SUMS_2(126)                                   \
                 : "l"(a), "l"(b));                                                                    \
  }
// The tensor core ignores the 13 lowest bits of a tf32 operand.
NST_WGMMA(wgmma_tf32, "8", "tf32", "1, 1, 1")
NST_WGMMA(wgmma_bf16, "16", "bf16", "1, 1, 1, 0, 0")
NST_WGMMA(wgmma_f16, "16", "f16", "1, 1, 1, 0, 0")
#undef NST_NAMES
#undef NST_NAMES_30
#undef NST_NAMES_60
#undef NST_NAMES_120
#undef NST_SUMS_2
#undef NST_SUMS_10
#undef NST_SUMS_30
#undef NST_WGMMA

}  // namespace nst::kernels::cuda
