// Winograd's convolution (winograd.h) in three kernels: transform the patches of x, multiply them with the
// transformed filters over the channels, a matrix product for each of the 36 (16) elements of a patch, and
// transform the products back.
//
// Idea        The products are conv2d_simt_cuda.cu's, all 36 in one launch (grid.z), on plain matrices: a
//             gather of one tap. They are where the time goes, with 4 (2.25) times fewer FMAs than the direct
//             sum.
// Tiling      Transforms: a thread per patch and channel, neighbours in a warp being neighbouring channels. A
//             pass takes as many patches as keep its transformed input and products within 5/8 of the L2
//             cache, so that they never leave it: 25 MB of an A100's 40, 31 MB of an H100's 50.
// Bytes       A transformed patch is 36/16 = 2.25 (4) times its share of x, the products as much of y: 9 (16)
//             trips of an activation through L2 where the direct sum takes 2 through DRAM.
// Rung        study/conv2d/10_winograd_in_l2.cuh.
// Bottleneck  FMA issue from some 64 channels up; L2 bandwidth below.
// Constraints 36 values and half a transform in registers: about 80.
#include "kernels/conv2d_winograd_cuda.h"

#include <algorithm>

#include "kernels/cuda/conv2d_gemm.cuh"
#include "kernels/cuda/winograd.cuh"

namespace nst::kernels::conv2d_winograd {
namespace {

constexpr int kThreads = 128;

// Stride-1 convolution of (n, h, w, c) to (n, p, q, k), as tiles of kTile x kTile outputs.
struct Tiles {
  int n, h, w, c, p, q, k, pad;
  bool reflects;
  int rows, columns;  // of tiles in an image

  int64_t count() const { return int64_t{n} * rows * columns; }
};

template <class F>
Tiles tiles_of(int64_t n, int64_t h, int64_t w, int64_t c, int64_t p, int64_t q, int64_t k, int64_t pad,
               bool reflects) {
  const auto i = [](int64_t v) { return static_cast<int>(v); };
  return {i(n),
          i(h),
          i(w),
          i(c),
          i(p),
          i(q),
          i(k),
          i(pad),
          reflects,
          i((p + F::kTile - 1) / F::kTile),
          i((q + F::kTile - 1) / F::kTile)};
}

// packed[f][a][b] = (G w G^T)[f] of filter w(k, c), (a, b) = (c, k), or with `backward` (k, c) of the filter
// turned by half a turn.
template <class F, class T>
__global__ void __launch_bounds__(kThreads)
    winograd_filter_kernel(int64_t k, int64_t c, bool backward, const T* w, T* packed) {
  const int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x, filters = k * c;
  if (i >= filters) return;
  const int64_t ki = backward ? i / c : i % k, ci = backward ? i % c : i / k;
  T g[3][3], u[F::kPatch][F::kPatch];
#pragma unroll
  for (int tap = 0; tap < 9; ++tap) g[tap / 3][tap % 3] = w[(ki * c + ci) * 9 + (backward ? 8 - tap : tap)];
  cuda::transform<typename F::G>(g, u);
#pragma unroll
  for (int f = 0; f < F::kPatch * F::kPatch; ++f) packed[f * filters + i] = u[f / F::kPatch][f % F::kPatch];
}

// v[f][t][c] = (B^T d B)[f] of the patch d of tile first + t, t in [0, count).
template <class F, class T>
__global__ void __launch_bounds__(kThreads)
    winograd_input_kernel(Tiles g, int64_t first, int64_t count, const T* x, T* v) {
  const int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= count * g.c) return;
  const int c = static_cast<int>(i % g.c);
  const int64_t tile = first + i / g.c;
  const int row = static_cast<int>(tile / g.columns % g.rows) * F::kTile - g.pad;
  const int column = static_cast<int>(tile % g.columns) * F::kTile - g.pad;
  const T* const image = x + tile / g.columns / g.rows * g.h * g.w * g.c + c;
  T d[F::kPatch][F::kPatch], t[F::kPatch][F::kPatch];
#pragma unroll
  for (int a = 0; a < F::kPatch; ++a) {
#pragma unroll
    for (int b = 0; b < F::kPatch; ++b) {
      int h = row + a, w = column + b;
      if (g.reflects) h = reflected(h, g.h), w = reflected(w, g.w);
      const bool exists = cuda::inside(h, g.h) && cuda::inside(w, g.w);
      d[a][b] = exists ? image[(int64_t{h} * g.w + w) * g.c] : T(0);
    }
  }
  cuda::transform<typename F::BT>(d, t);
#pragma unroll
  for (int f = 0; f < F::kPatch * F::kPatch; ++f) v[f * count * g.c + i] = t[f / F::kPatch][f % F::kPatch];
}

// y = act(A^T m A + bias) for the products m[f][t][k] of tile first + t.
template <class F, class T>
__global__ void __launch_bounds__(kThreads)
    winograd_output_kernel(Tiles g, int64_t first, int64_t count, const T* m, const T* bias, bool relu,
                           T* y) {
  const int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= count * g.k) return;
  const int k = static_cast<int>(i % g.k);
  const int64_t tile = first + i / g.k;
  const int row = static_cast<int>(tile / g.columns % g.rows) * F::kTile;
  const int column = static_cast<int>(tile % g.columns) * F::kTile;
  T* const image = y + tile / g.columns / g.rows * g.p * g.q * g.k + k;
  T d[F::kPatch][F::kPatch], t[F::kTile][F::kTile];
#pragma unroll
  for (int f = 0; f < F::kPatch * F::kPatch; ++f) d[f / F::kPatch][f % F::kPatch] = m[f * count * g.k + i];
  cuda::transform<typename F::AT>(d, t);
  const T b = bias ? bias[k] : T(0);
#pragma unroll
  for (int a = 0; a < F::kTile; ++a) {
#pragma unroll
    for (int e = 0; e < F::kTile; ++e) {
      if (row + a >= g.p || column + e >= g.q) continue;
      image[(int64_t{row + a} * g.q + column + e) * g.k] = cuda::activated(t[a][e] + b, relu);
    }
  }
}

template <class F, class T>
void pack(const CudaContext& context, const Conv2dShape& shape, bool backward, const T* w, T* packed) {
  cuda::launch(winograd_filter_kernel<F, T>, cuda::blocks_for(shape.k * shape.c, kThreads), kThreads, 0,
               context.stream(), shape.k, shape.c, backward, w, packed);
}

template <class F, class T>
void convolve(const CudaContext& context, const Tiles& g, const T* x, const T* packed, const T* bias,
              bool relu, T* y) {
  constexpr int kPlanes = F::kPatch * F::kPatch;
  constexpr int64_t kTileRows = 128;  // a pass fills the products' tiles
  const int64_t bytes = kPlanes * int64_t{g.c + g.k} * static_cast<int64_t>(sizeof(T));
  const int64_t pass =
      std::min(g.count(), std::max(context.l2_bytes() * 5 / 8 / bytes / kTileRows, int64_t{1}) * kTileRows);
  T* const v = context.scratch<T>(kPlanes * pass * (g.c + g.k));
  T* const m = v + kPlanes * pass * g.c;
  for (int64_t first = 0; first < g.count(); first += pass) {
    const int64_t count = std::min(pass, g.count() - first);
    cuda::launch(winograd_input_kernel<F, T>, cuda::blocks_for(count * g.c, kThreads), kThreads, 0,
                 context.stream(), g, first, count, x, v);
    cuda::multiply_simt(context, cuda::Gemm<T>{.gather = cuda::plain_rows(count, g.c),
                                               .image = v,
                                               .matrix = packed,
                                               .rows = static_cast<int>(count),
                                               .depth = g.c,
                                               .columns = g.k,
                                               .out = m,
                                               .batches = kPlanes,
                                               .image_stride = count * g.c,
                                               .matrix_stride = int64_t{g.c} * g.k});
    cuda::launch(winograd_output_kernel<F, T>, cuda::blocks_for(count * g.k, kThreads), kThreads, 0,
                 context.stream(), g, first, count, m, bias, relu, y);
  }
}

// Calls f with the algorithm's transforms.
template <class Body>
void with_transforms(Conv2dAlgorithm algorithm, Body f) {
  if (algorithm == Conv2dAlgorithm::winograd2) return f(winograd::F2x2{});
  f(winograd::F4x4{});
}

}  // namespace

template <class T>
void pack_forward(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const T* w,
                  T* packed) {
  with_transforms(algorithm, [&]<class F>(F) { pack<F>(context, shape, false, w, packed); });
}

template <class T>
void forward(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const T* x,
             const T* packed, const T* bias, bool relu, T* y) {
  with_transforms(algorithm, [&]<class F>(F) {
    const Tiles tiles = tiles_of<F>(shape.n, shape.h, shape.w, shape.c, shape.out_h(), shape.out_w(), shape.k,
                                    shape.pad, shape.reflects());
    convolve<F>(context, tiles, x, packed, bias, relu, y);
  });
}

template <class T>
void pack_backward_input(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                         const T* w, T* packed) {
  with_transforms(algorithm, [&]<class F>(F) { pack<F>(context, shape, true, w, packed); });
}

template <class T>
void backward_input(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                    const T* grad_y, const T* packed, T* grad_x) {
  with_transforms(algorithm, [&]<class F>(F) {
    const Tiles tiles = tiles_of<F>(shape.n, shape.out_h(), shape.out_w(), shape.k, shape.h, shape.w, shape.c,
                                    2 - shape.pad, false);
    convolve<F, T>(context, tiles, grad_y, packed, nullptr, false, grad_x);
  });
}

#define NST_INSTANTIATE(T)                                                                                  \
  template void pack_forward(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const T*, T*);        \
  template void forward(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const T*, const T*,        \
                        const T*, bool, T*);                                                                \
  template void pack_backward_input(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const T*, T*); \
  template void backward_input(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const T*, const T*, \
                               T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels::conv2d_winograd
