// The convolution's sum as it is written, for layers with few channels on one side: VGG's first (3x3, 3 to
// 64) and the transform network's first and last (9x9, 3 to 32 and 32 to 3), forward and backward to the
// input. A matrix product would pad 3 columns to 64.
//
// Idea        A thread keeps the sums of kOut filters for 4 pixels below each other, and slides down a column
//             of the patch: for each tap column and channel it loads 4 + R - 1 inputs and R weights for
//             4 * R * kOut FMAs. Backward to the input is the same with the taps taken from the other end.
// Tiling      Block: 32 x 16 pixels, kOut (4 or 8) filters, 128 threads, a warp along a row. In turn for 8
//             (4) channels: their patch, (16 + R - 1) x (32 + S - 1), a channel after the other, and their
//             weights go to shared memory. A warp reads 32 neighbouring inputs, and weights that are the same
//             for all.
// Bytes       x once for each group of filters, with a border of (40 x 24) / (32 x 16) = 1.9 at 9x9, 1.2 at
//             3x3, mostly from L2; y once.
// Rung        study/conv2d/04_register_tile.cuh, a thread's pixels being below each other.
// Bottleneck  FMA issue at 9x9 (144 FMAs for 21 shared loads); DRAM, writing y, at 3x3 from 3 channels.
// Constraints 41 KiB of shared memory at most, 4 * kOut sums a thread.
#include "kernels/conv2d_direct_cuda.h"

#include <algorithm>

#include "kernels/cuda/conv2d_gemm.cuh"

namespace nst::kernels::conv2d_direct {
namespace {

constexpr int kWidth = 32, kPixels = 4, kLines = 4;  // threads along a row, pixels a thread, threads down
constexpr int kHeight = kPixels * kLines;
constexpr int kThreads = kWidth * kLines;

// Output (n, p, q, k) reads input row i - pad + r, or its mirror image. The packed weight is (taps, c, k);
// with `flipped`, tap r is its tap R - 1 - r.
struct Layer {
  int h, w, c, p, q, k, pad;
  bool reflects, flipped, relu;
};

template <int kTaps, int kOut, class T>
__global__ void __launch_bounds__(kThreads)
    conv2d_direct_kernel(Layer g, const T* x, const T* packed, const T* bias, T* y) {
  constexpr int kPatchRows = kHeight + kTaps - 1, kPatchColumns = kWidth + kTaps - 1;
  constexpr int kChunk = 128 / kOut / static_cast<int>(sizeof(T));  // channels
  NST_SHARED(T, patch, [kChunk][kPatchRows][kPatchColumns]);
  NST_SHARED(T, weights, [kTaps * kTaps][kChunk][kOut]);

  const int across = (g.q + kWidth - 1) / kWidth;
  const int row = static_cast<int>(blockIdx.x) / across * kHeight;
  const int column = static_cast<int>(blockIdx.x) % across * kWidth;
  const int filter = blockIdx.y * kOut;
  const T* const image = x + int64_t{blockIdx.z} * g.h * g.w * g.c;
  const int tx = threadIdx.x % kWidth, ty = threadIdx.x / kWidth * kPixels;

  T sums[kPixels][kOut] = {};
  for (int first = 0; first < g.c; first += kChunk) {
    const int channels = min(kChunk, g.c - first);
    for (int i = threadIdx.x; i < kPatchRows * kPatchColumns * channels; i += kThreads) {
      const int c = i % channels, a = i / channels / kPatchColumns, b = i / channels % kPatchColumns;
      int h = row + a - g.pad, w = column + b - g.pad;
      if (g.reflects) h = reflected(h, g.h), w = reflected(w, g.w);
      const bool exists = cuda::inside(h, g.h) && cuda::inside(w, g.w);
      patch[c][a][b] = exists ? image[(int64_t{h} * g.w + w) * g.c + first + c] : T(0);
    }
    for (int i = threadIdx.x; i < kTaps * kTaps * channels * kOut; i += kThreads) {
      const int k = i % kOut, c = i / kOut % channels, tap = i / kOut / channels;
      const int from = g.flipped ? kTaps * kTaps - 1 - tap : tap;
      const bool exists = filter + k < g.k;
      weights[tap][c][k] = exists ? packed[(int64_t{from} * g.c + first + c) * g.k + filter + k] : T(0);
    }
    __syncthreads();
    for (int c = 0; c < channels; ++c) {
#pragma unroll 1
      for (int s = 0; s < kTaps; ++s) {
        T inputs[kPixels + kTaps - 1];
#pragma unroll
        for (int a = 0; a < kPixels + kTaps - 1; ++a) inputs[a] = patch[c][ty + a][tx + s];
#pragma unroll
        for (int r = 0; r < kTaps; ++r) {
#pragma unroll
          for (int part = 0; part < kOut; part += 4) {
            T w[4];
            cuda::load4(&weights[r * kTaps + s][c][part], w);
#pragma unroll
            for (int p = 0; p < kPixels; ++p) {
#pragma unroll
              for (int e = 0; e < 4; ++e) sums[p][part + e] += inputs[p + r] * w[e];
            }
          }
        }
      }
    }
    __syncthreads();
  }
  if (column + tx >= g.q) return;
#pragma unroll
  for (int p = 0; p < kPixels; ++p) {
    const int i = row + ty + p;
    if (i >= g.p) return;
    T* const out = y + ((int64_t{blockIdx.z} * g.p + i) * g.q + column + tx) * g.k + filter;
#pragma unroll
    for (int k = 0; k < kOut; ++k) {
      if (filter + k >= g.k) break;
      out[k] = cuda::activated(sums[p][k] + (bias ? bias[filter + k] : T(0)), g.relu);
    }
  }
}

template <class T>
void convolve(const CudaContext& context, int64_t images, int64_t taps, const Layer& g, const T* x,
              const T* packed, const T* bias, T* y) {
  const auto go = [&](auto kernel, int outputs) {
    cuda::launch(kernel,
                 dim3(cuda::blocks_for(g.p, kHeight) * cuda::blocks_for(g.q, kWidth),
                      cuda::blocks_for(g.k, outputs), static_cast<unsigned>(images)),
                 kThreads, 0, context.stream(), g, x, packed, bias, y);
  };
  if (taps == 3)
    return g.k <= 4 ? go(conv2d_direct_kernel<3, 4, T>, 4) : go(conv2d_direct_kernel<3, 8, T>, 8);
  return g.k <= 4 ? go(conv2d_direct_kernel<9, 4, T>, 4) : go(conv2d_direct_kernel<9, 8, T>, 8);
}

Layer layer(int64_t h, int64_t w, int64_t c, int64_t p, int64_t q, int64_t k, int64_t pad, bool reflects,
            bool flipped, bool relu) {
  const auto i = [](int64_t v) { return static_cast<int>(v); };
  return {i(h), i(w), i(c), i(p), i(q), i(k), i(pad), reflects, flipped, relu};
}

}  // namespace

bool can_do(const Conv2dShape& shape) {
  return shape.stride == 1 && shape.r == shape.s && (shape.r == 3 || shape.r == 9) && shape.n <= 65535;
}

template <class T>
void forward(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm, const T* x,
             const T* packed, const T* bias, bool relu, T* y) {
  convolve(context, shape.n, shape.r,
           layer(shape.h, shape.w, shape.c, shape.out_h(), shape.out_w(), shape.k, shape.pad,
                 shape.reflects(), false, relu),
           x, packed, bias, y);
}

template <class T>
void backward_input(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm, const T* grad_y,
                    const T* packed, T* grad_x) {
  convolve<T>(context, shape.n, shape.r,
              layer(shape.out_h(), shape.out_w(), shape.k, shape.h, shape.w, shape.c, shape.r - 1 - shape.pad,
                    false, true, false),
              grad_y, packed, nullptr, grad_x);
}

#define NST_INSTANTIATE(T)                                                                                  \
  template void forward(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const T*, const T*,        \
                        const T*, bool, T*);                                                                \
  template void backward_input(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const T*, const T*, \
                               T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels::conv2d_direct
