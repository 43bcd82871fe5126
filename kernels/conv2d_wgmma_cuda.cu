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
// Tiling      128 pixels (two of m64) x 256, 128 or 64 filters, 64 (bf16, fp16) or 32 (TF32) channels deep:
// in both
//             rows of 128 bytes and 4 products of 32 bytes each. The widest tile that still gives every
//             multiprocessor one; where even those are too few, the depth is split.
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
#include "kernels/conv2d_wgmma_cuda.h"

#include <algorithm>

#include "kernels/cuda/half.cuh"
#include "kernels/cuda/hopper.cuh"
#include "kernels/cuda/nhwc.cuh"
#include "kernels/cuda/split_sum.cuh"
#include "kernels/cuda/tensor_map.h"

namespace nst::kernels::conv2d_wgmma {
namespace {

using cuda::blocks_for;

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

template <class Operand, class Tile>
void launch_tiles(const CudaContext& context, const Problem& p, int64_t pixel_tiles, int splits) {
  const dim3 grid(static_cast<unsigned>(pixel_tiles) * blocks_for(p.columns, Tile::kColumns),
                  static_cast<unsigned>(splits));
  cuda::launch(conv2d_wgmma_kernel<Operand, Tile>, grid, kThreads, Tile::kStages * Tile::kStageBytes,
               context.stream(), p);
}

// What both directions are: a convolution of stride 1 of image (n, h, w, c) with filters (k, r*s, c),
// `border` pixels on each side of the image being mirrored ones and all beyond them zeros.
struct Convolution {
  int64_t n, h, w, c, k, r, s, pad_h, pad_w;
  int64_t out_h, out_w;
  int64_t border = 0;
  const float* largest = nullptr;  // of the image where it is a gradient, in fp16 (cuda/half.cuh)
};

// to (n, h + 2 border, w + 2 border, c) = the image and its border as TMA is to find them.
template <class Operand>
void prepare(const CudaContext& context, const Convolution& g, const float* image,
             typename Operand::Vector* to) {
  const int border = static_cast<int>(g.border), h = static_cast<int>(g.h), w = static_cast<int>(g.w);
  const auto* const from = reinterpret_cast<const float4*>(image);
  const float* const largest = g.largest;
  const cuda::Strides strides(h, w, g.c / 4);
  cuda::map_nhwc(context, g.n, h + 2 * border, w + 2 * border, g.c / 4, to,
                 [=] __device__(const cuda::Position& at) {
                   const int i = reflected(at.row - border, h), j = reflected(at.column - border, w);
                   return Operand::convert(from[strides.offset(at, i, j)], cuda::fp16_scale(largest).factor);
                 });
}

// The columns of the widest tile that is not half empty and still gives every multiprocessor one.
int tile_columns(const CudaContext& context, int64_t pixel_tiles, int64_t columns) {
  if (columns <= 64) return 64;
  const bool fills = pixel_tiles * blocks_for(columns, 256) >= context.multiprocessors();
  return columns > 128 && fills ? 256 : 128;
}

template <class Operand>
void convolve(const CudaContext& context, const Convolution& g, const float* image, const float* packed,
              const float* bias, bool relu, float* out) {
  using Element = typename Operand::Element;
  constexpr int64_t kBytes = sizeof(Element);
  constexpr int kDepth = kChannels<Operand>;
  const int64_t pixel_tiles = g.n * blocks_for(g.out_h, kBoxHeight) * blocks_for(g.out_w, kBoxWidth);
  const int columns = tile_columns(context, pixel_tiles, g.k);
  const int chunks = static_cast<int>(blocks_for(g.c, kDepth)), steps = chunks * static_cast<int>(g.r * g.s);

  // As many pieces as give every multiprocessor two tiles, none of fewer than 8 stages.
  const int64_t tiles = pixel_tiles * blocks_for(g.k, columns);
  const int64_t wanted =
      std::clamp<int64_t>(2 * context.multiprocessors() / tiles, 1, std::max(steps / 8, 1));
  const int per_split = static_cast<int>(blocks_for(steps, wanted));
  const int splits = static_cast<int>(blocks_for(steps, per_split));
  const int64_t piece = g.n * g.out_h * g.out_w * g.k;
  const bool split = splits > 1;

  // Working memory: the pieces, then the image as TMA is to find it, unless it is already.
  const bool prepares = kBytes == 2 || g.border > 0;
  const int64_t pieces_floats = split ? (splits * piece + 63) / 64 * 64 : 0;
  const int64_t h = g.h + 2 * g.border, w = g.w + 2 * g.border;
  const int64_t prepared_floats = prepares ? g.n * h * w * g.c * kBytes / 4 : 0;
  float* const scratch =
      split || prepares ? context.scratch<float>(pieces_floats + prepared_floats) : nullptr;
  const void* operand = image;
  if (prepares) {
    auto* const prepared = reinterpret_cast<typename Operand::Vector*>(scratch + pieces_floats);
    prepare<Operand>(context, g, image, prepared);
    operand = prepared;
  }

  const Problem p{
      .image = cuda::tensor_map(Operand::kType, operand,
                                {{g.c, kBytes, kDepth},
                                 {w, kBytes * g.c, kBoxWidth},
                                 {h, kBytes * g.c * w, kBoxHeight},
                                 {g.n, kBytes * g.c * w * h, 1}}),
      .filters = cuda::tensor_map(
          Operand::kType, packed,
          {{g.c, kBytes, kDepth}, {g.r * g.s, kBytes * g.c, 1}, {g.k, kBytes * g.c * g.r * g.s, columns}}),
      .out_h = static_cast<int>(g.out_h),
      .out_w = static_cast<int>(g.out_w),
      .columns = static_cast<int>(g.k),
      .pad_h = static_cast<int>(g.pad_h - g.border),
      .pad_w = static_cast<int>(g.pad_w - g.border),
      .taps_across = static_cast<int>(g.s),
      .chunks = chunks,
      .steps = steps,
      .per_split = per_split,
      .bias = split ? nullptr : bias,
      .relu = relu && !split,
      .largest = g.largest,
      .out = split ? scratch : out,
      .piece = piece};
  switch (columns) {
    case 64:
      launch_tiles<Operand, Tile<64>>(context, p, pixel_tiles, splits);
      break;
    case 128:
      launch_tiles<Operand, Tile<128>>(context, p, pixel_tiles, splits);
      break;
    default:
      launch_tiles<Operand, Tile<256>>(context, p, pixel_tiles, splits);
  }
  if (split) {
    cuda::add_pieces<float>(context, scratch, splits, piece / g.k, static_cast<int>(g.k), bias, relu, out);
  }
}

template <class Operand>
void pack(const CudaContext& context, const Conv2dShape& shape, bool backward, const float* w,
          float* packed) {
  const int64_t c = shape.c, taps = shape.r * shape.s, depth = backward ? shape.k : c;
  auto* const to = reinterpret_cast<typename Operand::Element*>(packed);
  cuda::map(context, shape.k * c * taps, to, [=] __device__(int64_t i) {
    const int64_t d = i % depth, tap = i / depth % taps, column = i / depth / taps;
    return Operand::round(backward ? w[(d * c + column) * taps + taps - 1 - tap]
                                   : w[(column * c + d) * taps + tap]);
  });
}

// Calls f with the algorithm's operand type.
template <class Body>
void with_operand(Conv2dAlgorithm algorithm, Body f) {
  switch (algorithm) {
    case Conv2dAlgorithm::wgmma_bf16:
      return f(Bf16{});
    case Conv2dAlgorithm::wgmma_fp16:
      return f(Fp16{});
    default:
      return f(Tf32{});
  }
}

MathMode mode_of(Conv2dAlgorithm algorithm) {
  switch (algorithm) {
    case Conv2dAlgorithm::wgmma_bf16:
      return MathMode::bf16;
    case Conv2dAlgorithm::wgmma_fp16:
      return MathMode::fp16;
    default:
      return MathMode::tf32;
  }
}

}  // namespace

bool can_do(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm) {
  return context.compute_capability() == 90 && shape.stride == 1 && shape.c % 8 == 0 && shape.k % 8 == 0 &&
         context.math_mode() == mode_of(algorithm);
}

bool pays(const Conv2dShape& shape, Conv2dAlgorithm algorithm) {
  bool filled = false;
  with_operand(algorithm,
               [&]<class Operand>(Operand) { filled = std::min(shape.c, shape.k) >= kChannels<Operand>; });
  return filled;
}

void pack_forward(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                  const float* w, float* packed) {
  with_operand(algorithm, [&]<class Operand>(Operand) { pack<Operand>(context, shape, false, w, packed); });
}

void forward(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const float* x,
             const float* packed, const float* bias, bool relu, float* y) {
  const Convolution g{.n = shape.n,
                      .h = shape.h,
                      .w = shape.w,
                      .c = shape.c,
                      .k = shape.k,
                      .r = shape.r,
                      .s = shape.s,
                      .pad_h = shape.pad,
                      .pad_w = shape.pad,
                      .out_h = shape.out_h(),
                      .out_w = shape.out_w(),
                      .border = shape.reflects() ? shape.pad : 0};
  with_operand(algorithm,
               [&]<class Operand>(Operand) { convolve<Operand>(context, g, x, packed, bias, relu, y); });
}

void pack_backward_input(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                         const float* w, float* packed) {
  with_operand(algorithm, [&]<class Operand>(Operand) { pack<Operand>(context, shape, true, w, packed); });
}

void backward_input(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                    const float* grad_y, const float* packed, float* grad_x) {
  const Convolution g{.n = shape.n,
                      .h = shape.out_h(),
                      .w = shape.out_w(),
                      .c = shape.k,
                      .k = shape.c,
                      .r = shape.r,
                      .s = shape.s,
                      .pad_h = shape.r - 1 - shape.pad,
                      .pad_w = shape.s - 1 - shape.pad,
                      .out_h = shape.h,
                      .out_w = shape.w,
                      .largest = cuda::fp16_largest(context, shape.out_numel(), grad_y)};
  with_operand(algorithm, [&]<class Operand>(Operand) {
    convolve<Operand>(context, g, grad_y, packed, nullptr, false, grad_x);
  });
}

}  // namespace nst::kernels::conv2d_wgmma
