// Loops over feature maps (N, pixels, C): over all elements, and sums over the pixels of each image, channel
// by channel, which are the core of channel statistics and of instance normalisation. A warp reads 32
// neighbouring channels of a pixel and the rows of a block take pixels in turn. Sums are always added in the
// same order.
#pragma once

#include "kernels/channel_stats.h"
#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/nhwc.cuh"

namespace nst::kernels::cuda {

// y[i] = f(i, j) for every element i of y (N, pixels, C), j being its channel's place in an array (N, C).
template <class T, class F>
void map_pixels(const CudaContext& context, const ChannelShape& s, T* y, F f) {
  if (s.n * s.pixels * s.c == 0) return;
  const Divider by_pixels(s.pixels);
  const int64_t c = s.c;
  map_rows(context, s.n * s.pixels, c, c, y, [=] __device__(int pixel, int channel) {
    return f(pixel * c + channel, by_pixels.quotient(pixel) * c + channel);
  });
}

inline constexpr int kSumThreads = 256;

// K sums taken at once; in double, in which adding floats loses nothing that shows.
template <int K>
struct Sums {
  double of[K];
};

template <int K>
__device__ void add_to(Sums<K>& sums, const Sums<K>& more) {
#pragma unroll
  for (int k = 0; k < K; ++k) sums.of[k] += more.of[k];
}

// The sums of a column of the block's threads, in its first; all must call. blockDim.y is a power of two.
template <int K>
__device__ void column_sums(Sums<K>& sums) {
  NST_SHARED(Sums<K>, of_thread, [kSumThreads]);
  const int t = threadIdx.y * blockDim.x + threadIdx.x;
  of_thread[t] = sums;
  for (int rows = blockDim.y / 2; rows > 0; rows /= 2) {
    __syncthreads();
    if (threadIdx.y < rows) {
      add_to(sums, of_thread[t + rows * blockDim.x]);
      of_thread[t] = sums;
    }
  }
}

// Block (channels, chunk of pixels, image). Where one block sees all of an image it finishes; otherwise it
// leaves partials (N, chunks, C).
template <int K, class Term, class Finish>
__global__ void __launch_bounds__(kSumThreads)
    pixel_sums_kernel(int pixels, int c, int chunk, Term term, Finish finish, Sums<K>* partials) {
  const int channel = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x), image = blockIdx.z;
  const int begin = blockIdx.y * chunk, end = begin + chunk < pixels ? begin + chunk : pixels;
  Sums<K> sums{};
  if (channel < c) {
#pragma unroll 4
    for (int p = begin + static_cast<int>(threadIdx.y); p < end; p += static_cast<int>(blockDim.y)) {
      add_to(sums, term(image, channel, (int64_t{image} * pixels + p) * c + channel));
    }
  }
  column_sums(sums);
  if (threadIdx.y > 0 || channel >= c) return;
  if (gridDim.y == 1) {
    finish(image, channel, sums);
  } else {
    partials[(int64_t{image} * gridDim.y + blockIdx.y) * c + channel] = sums;
  }
}

// The same over the chunks' partials.
template <int K, class Finish>
__global__ void __launch_bounds__(kSumThreads)
    chunk_sums_kernel(int chunks, int c, Finish finish, const Sums<K>* partials) {
  const int channel = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x), image = blockIdx.z;
  Sums<K> sums{};
  if (channel < c) {
    for (int i = threadIdx.y; i < chunks; i += static_cast<int>(blockDim.y)) {
      add_to(sums, partials[(int64_t{image} * chunks + i) * c + channel]);
    }
  }
  column_sums(sums);
  if (threadIdx.y == 0 && channel < c) finish(image, channel, sums);
}

// How the pixels are shared among blocks; decided by the shape alone, so that sums are the same on any GPU.
struct PixelSumsPlan {
  explicit PixelSumsPlan(const ChannelShape& s) {
    while (width < 32 && width < s.c) width *= 2;
    height = kSumThreads / width;
    groups = blocks_for(s.c, width);
    // A thread should have some pixels to add up, and more blocks than fill a GPU only cost a longer second
    // stage.
    constexpr int64_t kPixelsPerThread = 16, kBlocks = 1024;
    const int64_t useful = (s.pixels + height * kPixelsPerThread - 1) / (height * kPixelsPerThread);
    const int64_t limit = kBlocks / (s.n * groups + 1) + 1, wanted = useful < limit ? useful : limit;
    chunk = wanted > 0 ? (s.pixels + wanted - 1) / wanted : 1;
    chunks = s.pixels > 0 ? blocks_for(s.pixels, chunk) : 1;
  }

  unsigned width = 1, height, groups, chunks;
  int64_t chunk;
};

// Elements of scratch memory that pixel_sums<K> wants.
template <int K>
int64_t pixel_sums_scratch(const ChannelShape& s) {
  const PixelSumsPlan plan(s);
  return plan.chunks > 1 ? s.n * plan.chunks * s.c : 0;
}

// Calls finish(image, channel, sums) once for every channel of every image, with the sums over its pixels of
// the K values term(image, channel, offset), offset being the element's place in (N, pixels, C).
template <int K, class Term, class Finish>
void pixel_sums(const CudaContext& context, const ChannelShape& s, Sums<K>* scratch, Term term,
                Finish finish) {
  const PixelSumsPlan plan(s);
  const dim3 block(plan.width, plan.height);
  const auto n = static_cast<unsigned>(s.n);
  launch(pixel_sums_kernel<K, Term, Finish>, dim3(plan.groups, plan.chunks, n), block, 0, context.stream(),
         static_cast<int>(s.pixels), static_cast<int>(s.c), static_cast<int>(plan.chunk), term, finish,
         scratch);
  if (plan.chunks == 1) return;
  launch(chunk_sums_kernel<K, Finish>, dim3(plan.groups, 1, n), block, 0, context.stream(),
         static_cast<int>(plan.chunks), static_cast<int>(s.c), finish, scratch);
}

// The statistics of a channel of an image, from two sums over its pixels: of the differences to its first
// pixel, and of their squares. The first pixel is near enough to the mean for the difference of the sums to
// keep its digits, whatever the mean is; so x is read once.
template <class T>
struct ChannelMoments {
  const T* x;
  int64_t pixels, c, divisor;

  __device__ double origin(int image, int channel) const { return x[image * pixels * c + channel]; }

  __device__ Sums<2> operator()(int image, int channel, int64_t offset) const {
    const double difference = x[offset] - origin(image, channel);
    return {{difference, difference * difference}};
  }
  __device__ double mean(int image, int channel, const Sums<2>& sums) const {
    return origin(image, channel) + sums.of[0] / static_cast<double>(pixels);
  }
  __device__ double variance(const Sums<2>& sums) const {
    const double squares = sums.of[1] - sums.of[0] * (sums.of[0] / static_cast<double>(pixels));
    return (squares < 0 ? 0 : squares) / static_cast<double>(divisor);
  }
};

}  // namespace nst::kernels::cuda
