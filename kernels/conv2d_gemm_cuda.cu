// Idea        Each direction of a convolution as one implicit GEMM (cuda/conv2d_gemm.cuh), and its packing.
// Tiling      The product kernels' own. Where a product has too few tiles for the device, its depth is split
//             and the pieces are added in order: the weight's gradient always (few taps, many pixels),
//             forward where the picture is small (VGG's conv5).
// Bytes       Split sums make one more trip, at most two tiles a multiprocessor: 17 MB of L2 on an H100.
// Bottleneck  The product kernels'.
#include "kernels/conv2d_gemm_cuda.h"

#include <algorithm>

#include "kernels/cuda/conv2d_gemm.cuh"
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/half.cuh"
#include "kernels/cuda/split_sum.cuh"

namespace nst::kernels::conv2d_gemm {
namespace {

using cuda::Gather;
using cuda::GatherAxis;
using cuda::Gemm;
using cuda::LeftOperand;

Gather gather_of(int64_t images, int64_t rows, int64_t columns, const Axes& axes, int64_t channels) {
  Gather g{static_cast<int>(images),          static_cast<int>(rows),
           static_cast<int>(columns),         GatherAxis::from(axes.vertical),
           GatherAxis::from(axes.horizontal), static_cast<int>(channels)};
  // A phase that no tap reaches has a product of depth 0; kernels divide by the taps all the same.
  g.vertical.taps = std::max(g.vertical.taps, 1);
  g.horizontal.taps = std::max(g.horizontal.taps, 1);
  return g;
}

const float* largest_of(const CudaContext& context, int64_t numel, const float* gradient) {
  return cuda::fp16_largest(context, numel, gradient);
}
const double* largest_of(const CudaContext&, int64_t, const double*) { return nullptr; }

// Cuts the depth into as many pieces as fill the device twice over.
template <class T>
void choose_splits(const CudaContext& context, Gemm<T>& g) {
  constexpr int kShortest = 8 * cuda::kSplitGranularity;
  const int64_t tiles = int64_t{cuda::blocks_for(g.rows, 128)} * cuda::blocks_for(g.columns, 128);
  const int64_t wanted = std::min<int64_t>(2 * context.multiprocessors() / tiles, g.depth / kShortest);
  if (wanted < 2) return;
  const auto pieces = cuda::blocks_for(g.depth, wanted * cuda::kSplitGranularity);
  g.depth_per_split = static_cast<int>(pieces) * cuda::kSplitGranularity;
  g.splits = static_cast<int>(cuda::blocks_for(g.depth, g.depth_per_split));
}

// The product, split where that pays.
template <class T>
void evaluate(const CudaContext& context, Gemm<T> g) {
  if (g.destination.stride == 0) choose_splits(context, g);
  if (!g.split()) return cuda::multiply(context, g);
  const Gemm<T> whole = g;
  T* const pieces = context.scratch<T>(int64_t{g.splits} * g.rows * g.columns);
  g.out = pieces;
  g.bias = nullptr;
  g.relu = false;
  cuda::multiply(context, g);
  cuda::add_pieces(context, pieces, g.splits, g.rows, g.columns, whole.bias, whole.relu, whole.out);
}

// Taps r < count with r mod stride < phase: those that the phases before `phase` hold.
__device__ int64_t taps_before(int64_t count, int64_t stride, int64_t phase) {
  const int64_t rest = count % stride;
  return count / stride * phase + (rest < phase ? rest : phase);
}

}  // namespace

template <class T>
void pack_forward(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm, const T* w,
                  T* packed) {
  const int64_t k = shape.k, c = shape.c, taps = shape.r * shape.s;
  cuda::map(context, k * c * taps, packed, [=] __device__(int64_t i) {
    const int64_t ki = i % k, ci = i / k % c, tap = i / k / c;
    return w[(ki * c + ci) * taps + tap];
  });
}

template <class T>
void forward(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm, const T* x,
             const T* packed, const T* bias, bool relu, T* y) {
  const Gather gather = gather_of(shape.n, shape.out_h(), shape.out_w(), forward_axes(shape), shape.c);
  evaluate<T>(context, {.gather = gather,
                        .image = x,
                        .matrix = packed,
                        .bias = bias,
                        .relu = relu,
                        .rows = gather.pixels(),
                        .depth = gather.taps(),
                        .columns = static_cast<int>(shape.k),
                        .out = y});
}

template <class T>
void pack_backward_input(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm, const T* w,
                         T* packed) {
  const int64_t k = shape.k, c = shape.c, r = shape.r, s = shape.s, stride = shape.stride;
  // Element i of the packed weight, found from its end: which phase, which tap of it, which filter and
  // channel.
  cuda::map(context, k * c * r * s, packed, [=] __device__(int64_t i) {
    const int64_t ci = i % c, ki = i / c % k, position = i / c / k;
    int64_t ph = 0;
    while (taps_before(r, stride, ph + 1) * s <= position) ++ph;
    const int64_t rows = taps_before(r, stride, ph + 1) - taps_before(r, stride, ph);
    int64_t rest = position - taps_before(r, stride, ph) * s, pw = 0;
    while (rows * taps_before(s, stride, pw + 1) <= rest) ++pw;
    const int64_t columns = taps_before(s, stride, pw + 1) - taps_before(s, stride, pw);
    rest -= rows * taps_before(s, stride, pw);
    const int64_t ri = ph + rest / columns * stride, si = pw + rest % columns * stride;
    return w[((ki * c + ci) * r + ri) * s + si];
  });
}

template <class T>
void backward_input(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm, const T* grad_y,
                    const T* packed, T* grad_x) {
  const int64_t stride = shape.stride;
  const T* const largest = largest_of(context, shape.out_numel(), grad_y);
  for (int64_t ph = 0; ph < stride; ++ph) {
    const Phase v = phase_of(ph, stride, shape.pad, shape.r, shape.h, shape.out_h());
    for (int64_t pw = 0; pw < stride; ++pw) {
      const Phase hz = phase_of(pw, stride, shape.pad, shape.s, shape.w, shape.out_w());
      const int64_t depth = v.taps * hz.taps * shape.k;
      const Gather gather = gather_of(shape.n, v.count, hz.count, {v.axis, hz.axis}, shape.k);
      Gemm<T> g{.gather = gather,
                .image = grad_y,
                .matrix = packed,
                .rows = gather.pixels(),
                .depth = static_cast<int>(depth),
                .columns = static_cast<int>(shape.c),
                .largest = largest,
                .out = grad_x};
      if (stride > 1) {
        g.destination = {static_cast<int>(v.first), static_cast<int>(hz.first), static_cast<int>(stride),
                         static_cast<int>(shape.h), static_cast<int>(shape.w)};
      }
      if (g.rows > 0) evaluate<T>(context, g);
      packed += depth * shape.c;
    }
  }
}

template <class T>
void backward_weight(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm, const T* x,
                     const T* grad_y, T* grad_w) {
  const Gather gather = gather_of(shape.n, shape.out_h(), shape.out_w(), forward_axes(shape), shape.c);
  const int64_t k = shape.k, c = shape.c, taps = shape.r * shape.s, product = gather.taps() * k;
  Gemm<T> g{.left = shape.reflects() ? LeftOperand::reflected_taps : LeftOperand::taps,
            .gather = gather,
            .image = x,
            .matrix = grad_y,
            .rows = gather.taps(),
            .depth = gather.pixels(),
            .columns = static_cast<int>(k),
            .largest = largest_of(context, shape.out_numel(), grad_y)};
  choose_splits(context, g);
  T* const pieces = context.scratch<T>(g.splits * product);
  g.out = pieces;
  cuda::multiply(context, g);
  // Added in the product's own order first, and only then turned to (K, C, R, S): both passes but the last
  // read are coalesced, and that one reads what is in L2.
  const int splits = g.splits;
  if (g.split()) {
    cuda::map(context, product, pieces,
              [=] __device__(int64_t i) { return cuda::sum_of_pieces(pieces, splits, product, i); });
  }
  cuda::map(context, product, grad_w, [=] __device__(int64_t i) {
    const int64_t tap = i % taps, ci = i / taps % c, ki = i / taps / c;
    return pieces[(tap * c + ci) * k + ki];
  });
}

#define NST_INSTANTIATE(T)                                                                                   \
  template void pack_forward(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const T*, T*);         \
  template void forward(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const T*, const T*,         \
                        const T*, bool, T*);                                                                 \
  template void pack_backward_input(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const T*, T*);  \
  template void backward_input(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const T*, const T*,  \
                               T*);                                                                          \
  template void backward_weight(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const T*, const T*, \
                                T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels::conv2d_gemm
