// Launches the kernel of cuda/conv2d_wgmma.cuh: how deep a problem is split, how wide its tiles are, what TMA
// is to find in memory. Both directions are the same convolution.
#include "kernels/conv2d_wgmma_cuda.h"

#include <algorithm>

#include "kernels/cuda/conv2d_wgmma.cuh"
#include "kernels/cuda/nhwc.cuh"
#include "kernels/cuda/split_sum.cuh"

namespace nst::kernels::conv2d_wgmma {
namespace {

using cuda::blocks_for;

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
