// Implicit GEMM on Hopper's tensor cores: wgmma fed by TMA, in bf16, fp16 or TF32. The twins for every other
// device are conv2d_half_cuda.cu and conv2d_tf32_cuda.cu.
//
// Idea        A stage of a tile is two boxes that the TMA unit copies, started by one thread: 8x16 pixels by
//             128 bytes of channels of the image, moved by the tap, and 128 bytes of that tap of each filter.
//             What lies outside of either tensor arrives as zeros: padding, ragged edges and odd channels
//             cost no code. wgmma reads both from shared memory, so that fragments and ldmatrix are gone and
//             registers hold sums alone. One warp produces, two warpgroups consume, in a ring of stages:
//               producer    wait empty[s] -> announce bytes to full[s], start two copies -> next s
//               TMA         writes stage s, counts its bytes down in full[s]
//               consumers   wait full[s] -> 4 products -> the stage before is read: arrive at empty[s - 1]
// Tiling      128 pixels (two of m64) x 256, 128 or 64 filters, 64 (bf16, fp16) or 32 (TF32) channels deep,
//             which in both is rows of 128 bytes and 4 products of 32 bytes each. The widest tile that still
//             gives every multiprocessor one; where even those are too few, the depth is split.
// Bytes       16 bits: a pass of its own rounds the image, 6 bytes an element, as TMA copies and does not
//             compute. It also writes a reflected border, which TMA does not know and for which TF32 has such
//             a pass too. Then a stage of the widest tile brings 48 KiB for 2*128*256*64 FLOP: 85 FLOP a byte
//             (64 and 43 with the narrower ones), against 32 of the mma.sync kernel. TF32 reads the image as
//             it is: 43 FLOP a byte (32, 21).
// Rung        Beyond the last: study/conv2d/07_tensor_cores.cuh with TMA and wgmma.
// Bottleneck  L2, by that: 990 TFLOP/s in bf16 at 85 FLOP a byte is 11.6 TB/s, about twice what an H100's L2
//             gives (a model; not measured). Multicast to a cluster of blocks would halve what they load.
//             The rounding pass is a trip through DRAM that bf16 tensors would not need.
// Constraints Compute capability 9.0 exactly; stride 1; channels in multiples of 8 on both sides, as a tensor
//             map's strides are multiples of 16 bytes. 192 KiB of shared memory and one block a
//             multiprocessor (96 KiB and two with the narrower tiles). The sums take 128 (64, 32) registers
//             of the 224 (112) that a thread may have, so the producer need not give any of its own away. TMA
//             rounds the image to TF32, as its map says so; if it only passed it on, wgmma would ignore the
//             13 lowest bits, still within the tolerance. Filters are rounded when packed.
#pragma once

#include "kernels/conv2d_wgmma_cuda.h"
#include "kernels/cuda/conv2d_gemm.cuh"
#include "kernels/cuda/half.cuh"
#include "kernels/cuda/hopper.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/tensor_map.h"

namespace nst::kernels::conv2d_wgmma {

constexpr int kBoxHeight = 8, kBoxWidth = 16, kRows = kBoxHeight * kBoxWidth;  // of a tile, in pixels
constexpr int kRowBytes = 128;                                                 // of both operands, in a stage
constexpr int kProductRows = 64, kProductBytes = 32;  // of one wgmma: m64, k in bytes
constexpr int kConsumerWarps = kRows / 16, kThreads = 32 * (kConsumerWarps + 1);

template <int kTileColumns>
struct Tile {
  static constexpr int kColumns = kTileColumns;
  static constexpr int kLeftBytes = kRows * kRowBytes, kRightBytes = kColumns * kRowBytes;
  static constexpr int kStageBytes = kLeftBytes + kRightBytes;
  static constexpr int kStages = kColumns == 128 ? 3 : 4;
  static constexpr int kBlocks = kColumns == 256 ? 1 : 2;  // on a multiprocessor
};

// 16-bit operands but for their product.
template <class Type, CUtensorMapDataType kTmaType>
struct Half {
  using Element = uint16_t;
  using Vector = uint2;  // four of them
  static constexpr CUtensorMapDataType kType = kTmaType;
  __device__ static Element round(float x) { return static_cast<Element>(Type::pack(x, 0)); }
  __device__ static Vector convert(const float4& v, float factor) {
    return make_uint2(Type::pack(v.x * factor, v.y * factor), Type::pack(v.z * factor, v.w * factor));
  }
};
struct Bf16 : Half<cuda::Bf16, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16> {
  template <int kSums>
  __device__ static void multiply(float (&sums)[kSums], uint64_t a, uint64_t b) {
    cuda::wgmma_bf16(sums, a, b);
  }
};
struct Fp16 : Half<cuda::Fp16, CU_TENSOR_MAP_DATA_TYPE_FLOAT16> {
  template <int kSums>
  __device__ static void multiply(float (&sums)[kSums], uint64_t a, uint64_t b) {
    cuda::wgmma_f16(sums, a, b);
  }
};
struct Tf32 {
  using Element = float;
  using Vector = float4;
  static constexpr CUtensorMapDataType kType = CU_TENSOR_MAP_DATA_TYPE_TFLOAT32;
  __device__ static Element round(float x) { return __uint_as_float(cuda::to_tf32(x)); }
  __device__ static Vector convert(const float4& v, float) { return v; }  // TMA rounds
  template <int kSums>
  __device__ static void multiply(float (&sums)[kSums], uint64_t a, uint64_t b) {
    cuda::wgmma_tf32(sums, a, b);
  }
};
template <class Operand>
constexpr int kChannels = kRowBytes / static_cast<int>(sizeof(typename Operand::Element));  // of a stage

// out[n, i, j, :] = act(bias + sum over taps and channels of image[n, i + r - pad_h, j + s - pad_w, c]
// filter[..])
struct Problem {
  CUtensorMap image;    // (n, h, w, channels)
  CUtensorMap filters;  // (columns, taps, channels)
  int out_h, out_w, columns;
  int pad_h, pad_w, taps_across;
  int chunks;            // stages that a tap's channels take
  int steps, per_split;  // stages in all, and of each piece of a split depth
  const float* bias;     // (columns), or null
  bool relu;
  const float* largest;  // what the image was scaled by, or null
  float* out;            // (splits, n, out_h, out_w, columns)
  int64_t piece;         // elements of one of them
};

// A block's part: the first pixel and column of its tile, and its stages.
struct Position {
  int n, i, j, column, first_step, steps;
};
template <class Tile>
__device__ Position position(const Problem& p) {
  const int columns = (p.columns + Tile::kColumns - 1) / Tile::kColumns;
  const int across = (p.out_w + kBoxWidth - 1) / kBoxWidth, down = (p.out_h + kBoxHeight - 1) / kBoxHeight;
  const int tile = static_cast<int>(blockIdx.x) / columns, first = static_cast<int>(blockIdx.y) * p.per_split;
  return {tile / across / down,
          tile / across % down * kBoxHeight,
          tile % across * kBoxWidth,
          static_cast<int>(blockIdx.x) % columns * Tile::kColumns,
          first,
          min(p.per_split, p.steps - first)};
}

// Which stage is next, and the parity of its barriers' phase.
template <int kStages>
struct Ring {
  int stage = 0;
  unsigned parity = 0;

  __device__ void advance() {
    if (++stage == kStages) stage = 0, parity ^= 1;
  }
};

// Starts the copies of every stage: one thread.
template <class Operand, class Tile>
__device__ void produce(const Problem& p, const Position& at, unsigned char* stages, uint64_t* full,
                        uint64_t* empty) {
  Ring<Tile::kStages> ring;
  int chunk = at.first_step % p.chunks, tap = at.first_step / p.chunks;
  for (int step = 0; step < at.steps; ++step, ring.advance()) {
    const int s = ring.stage, channel = chunk * kChannels<Operand>;
    unsigned char* const left = stages + s * Tile::kStageBytes;
    cuda::mbarrier_wait(&empty[s], ring.parity ^ 1);  // the first time round nobody has to leave
    cuda::mbarrier_arrive_expect(&full[s], Tile::kStageBytes);
    cuda::tma_load(left, &p.image, channel, at.j + tap % p.taps_across - p.pad_w,
                   at.i + tap / p.taps_across - p.pad_h, at.n, &full[s]);
    cuda::tma_load(left + Tile::kLeftBytes, &p.filters, channel, tap, at.column, &full[s]);
    if (++chunk == p.chunks) chunk = 0, ++tap;
  }
}

// Scale, bias, ReLU, and out. A warp holds 16 pixels, one row of the box; a quad of lanes writes 32
// neighbouring bytes.
template <class Tile>
__device__ void write_sums(const Problem& p, const Position& at, const float (&sums)[Tile::kColumns / 2]) {
  const int lane = threadIdx.x % 32, i = at.i + threadIdx.x / 32;
  if (i >= p.out_h) return;
  const float scale = cuda::fp16_scale(p.largest).inverse;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int j = at.j + lane / 4 + half * 8;
    if (j >= p.out_w) continue;
    const int64_t pixel = (int64_t{at.n} * p.out_h + i) * p.out_w + j;
    float* const out = p.out + blockIdx.y * p.piece + pixel * p.columns;
#pragma unroll
    for (int c = 0; c < Tile::kColumns / 8; ++c) {
      const int column = at.column + c * 8 + lane % 4 * 2;
      if (column >= p.columns) continue;
      const float2 bias = p.bias ? make_float2(p.bias[column], p.bias[column + 1]) : make_float2(0, 0);
      *reinterpret_cast<float2*>(out + column) =
          make_float2(cuda::activated(sums[c * 4 + half * 2] * scale + bias.x, p.relu),
                      cuda::activated(sums[c * 4 + half * 2 + 1] * scale + bias.y, p.relu));
    }
  }
}

template <class Operand, class Tile>
__device__ void consume(const Problem& p, const Position& at, const unsigned char* stages, uint64_t* full,
                        uint64_t* empty) {
  float sums[Tile::kColumns / 2] = {};
  const uint32_t base = cuda::shared_address(stages);
  const uint32_t rows = threadIdx.x / 128 * (kProductRows * kRowBytes);  // of this warpgroup
  const bool speaks = threadIdx.x % 32 == 0;                             // for its warp
  Ring<Tile::kStages> ring;
  int previous = -1;
  for (int step = 0; step < at.steps; ++step, ring.advance()) {
    const uint32_t left = base + ring.stage * Tile::kStageBytes;
    const uint64_t a = cuda::matrix_descriptor(left + rows);
    const uint64_t b = cuda::matrix_descriptor(left + Tile::kLeftBytes);
    cuda::mbarrier_wait(&full[ring.stage], ring.parity);
    cuda::wgmma_fence();
#pragma unroll
    for (int k = 0; k < kRowBytes; k += kProductBytes) Operand::multiply(sums, a + k / 16, b + k / 16);
    cuda::wgmma_commit();
    cuda::wgmma_wait<1>();  // what is under way keeps the tensor cores busy while the next is prepared
    if (previous >= 0 && speaks) cuda::mbarrier_arrive(&empty[previous]);
    previous = ring.stage;
  }
  cuda::wgmma_finish(sums);
  write_sums<Tile>(p, at, sums);
}

template <class Operand, class Tile>
__global__ void __launch_bounds__(kThreads, Tile::kBlocks)
    conv2d_wgmma_kernel(const __grid_constant__ Problem p) {
  NST_DYNAMIC_SHARED(unsigned char, stages);
  NST_SHARED(uint64_t, full, [Tile::kStages]);
  NST_SHARED(uint64_t, empty, [Tile::kStages]);
  if (threadIdx.x == 0) {
    for (int s = 0; s < Tile::kStages; ++s) {
      cuda::mbarrier_init(&full[s], 1);
      cuda::mbarrier_init(&empty[s], kConsumerWarps);
    }
    cuda::mbarrier_init_fence();
  }
  __syncthreads();
  const Position at = position<Tile>(p);
  if (threadIdx.x < 32 * kConsumerWarps) {
    consume<Operand, Tile>(p, at, stages, full, empty);
  } else if (threadIdx.x == 32 * kConsumerWarps) {
    produce<Operand, Tile>(p, at, stages, full, empty);
  }
}

}  // namespace nst::kernels::conv2d_wgmma
