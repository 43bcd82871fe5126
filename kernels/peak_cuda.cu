// Idea        Nothing but independent multiply-adds, operands and sums in registers: kSums chains a thread on
//             the ordinary cores, kTiles accumulator tiles a warp on the tensor cores (mma.sync).
// Tiling      Blocks of 256 threads, 2048 threads a multiprocessor, if their registers let that many run.
// Bytes       One float a thread.
// Bottleneck  The arithmetic units, which is the point. Hopper's tensor cores do more under wgmma than under
//             mma.sync: against this roof a wgmma kernel can pass 100%.
// Constraints None.
#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/ptx.cuh"
#include "kernels/peak.h"

namespace nst::kernels {
namespace {

// Four cycles' latency times four schedulers want four warps of independent sums; eight chains leave room.
constexpr int kThreads = 256, kBlocksPerMultiprocessor = 8, kSums = 8, kTiles = 4;

__global__ void __launch_bounds__(kThreads) peak_fp32_kernel(int64_t rounds, float a, float b, float* sums) {
  float s[kSums];
  for (int i = 0; i < kSums; ++i) s[i] = static_cast<float>(threadIdx.x + i);
  for (int64_t round = 0; round < rounds; ++round) {
#pragma unroll
    for (int i = 0; i < kSums; ++i) s[i] = s[i] * a + b;
  }
  float total = 0;
  for (int i = 0; i < kSums; ++i) total += s[i];
  sums[int64_t{blockIdx.x} * kThreads + threadIdx.x] = total;
}

// D += A B over and over; A and B are words of small operands, whatever their type.
template <MathMode kMode>
__global__ void __launch_bounds__(kThreads) peak_mma_kernel(int64_t rounds, uint32_t word, float* sums) {
  const uint32_t a[4] = {word, word, word, word}, b[2] = {word, word};
  float d[kTiles][4] = {};
  for (int64_t round = 0; round < rounds; ++round) {
#pragma unroll
    for (int i = 0; i < kTiles; ++i) {
      if constexpr (kMode == MathMode::tf32) {
        cuda::mma_m16n8k8_tf32(d[i], a, b);
      } else if constexpr (kMode == MathMode::fp16) {
        cuda::mma_m16n8k16_f16(d[i], a, b);
      } else {
        cuda::mma_m16n8k16_bf16(d[i], a, b);
      }
    }
  }
  float total = 0;
  for (int i = 0; i < kTiles; ++i) total += d[i][0] + d[i][3];
  sums[int64_t{blockIdx.x} * kThreads + threadIdx.x] = total;
}

constexpr int64_t kMmaMultiplyAdds[] = {0, 16 * 8 * 8, 16 * 8 * 16, 16 * 8 * 16};  // of a warp, by math mode

}  // namespace

PeakWork peak_work(const CudaContext& context) {
  const int64_t threads = int64_t{context.multiprocessors()} * kBlocksPerMultiprocessor * kThreads;
  if (context.math_mode() == MathMode::fp32) return {threads, threads * kSums};
  return {threads, threads / 32 * kTiles * kMmaMultiplyAdds[static_cast<int>(context.math_mode())]};
}

template <class T>
void peak_multiply_add(const CudaContext& context, int64_t rounds, T* sums) {
  const dim3 grid(context.multiprocessors() * kBlocksPerMultiprocessor), block(kThreads);
  constexpr float kFactor = 0.999f, kTerm = 1e-3f;
  // 2^-31, in fp16 2^-13, so that no sum overflows.
  constexpr uint32_t kSmallTf32 = 0x30000000, kSmallBf16 = 0x30003000, kSmallFp16 = 0x08000800;
  switch (context.math_mode()) {
    case MathMode::fp32:
      return cuda::launch(peak_fp32_kernel, grid, block, 0, context.stream(), rounds, kFactor, kTerm, sums);
    case MathMode::tf32:
      return cuda::launch(peak_mma_kernel<MathMode::tf32>, grid, block, 0, context.stream(), rounds,
                          kSmallTf32, sums);
    case MathMode::bf16:
      return cuda::launch(peak_mma_kernel<MathMode::bf16>, grid, block, 0, context.stream(), rounds,
                          kSmallBf16, sums);
    case MathMode::fp16:
      return cuda::launch(peak_mma_kernel<MathMode::fp16>, grid, block, 0, context.stream(), rounds,
                          kSmallFp16, sums);
  }
}

template void peak_multiply_add(const CudaContext&, int64_t, float*);

}  // namespace nst::kernels
