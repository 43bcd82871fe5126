// Chooses the algorithm; the algorithms have files of their own. Read, in this order:
//   conv2d_gather.h           a convolution as a matrix product, forward and backward
//   conv2d_gemm_cpu.cpp       the same with the matrix in memory
//   cuda/conv2d_gather.cuh    without it: which elements a thread of a block loads
//   conv2d_simt_cuda.cu       the product in float32, tile by tile
//   conv2d_gemm_cuda.cu       the three directions, and split sums
//   conv2d_tf32_cuda.cu       the product on tensor cores (cuda/ptx.cuh, cuda/conv2d_mma.cuh)
//   conv2d_half_cuda.cu       the same in bf16 or fp16 (cuda/half.cuh)
//   conv2d_wgmma_cuda.cu      either on Hopper, fed by TMA (cuda/conv2d_wgmma.cuh)
//   conv2d_winograd_cuda.cu   3x3 with 4 times fewer multiplications (winograd.h)
//   conv2d_direct_cuda.cu     three channels in or out
//   conv2d_mirror_cuda.cu     backward to the input where the border reflects
//   conv2d_cudnn_cuda.cu      NVIDIA's library instead, as yardstick and back-end
//
// Here: the bias gradient, a sum over pixels.
//
// Idea        One pass over grad_y: a block sums a strip of pixels for 32 channels, in double, as a bias
//             gathers a whole batch; a second kernel adds the strips in order.
// Tiling      32 channels x 8 pixels a block: a warp reads 32 neighbouring channels of one pixel.
// Bytes       grad_y once.
// Bottleneck  DRAM bandwidth.
#include <algorithm>

#include "kernels/conv2d.h"
#include "kernels/conv2d_cudnn_cuda.h"
#include "kernels/conv2d_direct_cuda.h"
#include "kernels/conv2d_gemm_cuda.h"
#include "kernels/conv2d_mirror.h"
#include "kernels/conv2d_wgmma_cuda.h"
#include "kernels/conv2d_winograd_cuda.h"
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/launch.cuh"

namespace nst::kernels {
namespace {

constexpr int kChannels = 32, kPixels = 8;

// strips[s][k] = sum of grad_y over strip s.
template <class T>
__global__ void __launch_bounds__(kChannels* kPixels)
    bias_strips_kernel(int64_t pixels, int64_t pixels_per_strip, int64_t k, const T* grad_y, double* strips) {
  const int64_t channel = int64_t{blockIdx.x} * kChannels + threadIdx.x;
  const int64_t begin = blockIdx.y * pixels_per_strip;
  const int64_t end = min(pixels, begin + pixels_per_strip);
  double sum = 0;
  if (channel < k) {
    for (int64_t p = begin + threadIdx.y; p < end; p += kPixels) sum += grad_y[p * k + channel];
  }
  NST_SHARED(double, sums, [kPixels][kChannels]);
  sums[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y > 0 || channel >= k) return;
  for (int i = 1; i < kPixels; ++i) sum += sums[i][threadIdx.x];
  strips[blockIdx.y * k + channel] = sum;
}

// The functions of an algorithm. Those that it leaves out are gemm's.
template <class T>
struct Backend {
  using Pack = void(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const T* w, T* packed);
  using Forward = void(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const T* x, const T* packed,
                       const T* bias, bool relu, T* y);
  using BackwardInput = void(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const T* grad_y,
                             const T* packed, T* grad_x);
  using BackwardWeight = void(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const T* x,
                              const T* grad_y, T* grad_w);

  Pack* pack_forward = conv2d_gemm::pack_forward<T>;
  Forward* forward = conv2d_gemm::forward<T>;
  Pack* pack_backward_input = conv2d_gemm::pack_backward_input<T>;
  BackwardInput* backward_input = conv2d_gemm::backward_input<T>;
  BackwardWeight* backward_weight = conv2d_gemm::backward_weight<T>;
};

// For float64 those that know float32 alone are gemm.
template <class T>
Backend<T> backend(Conv2dAlgorithm algorithm) {
  constexpr bool is_float = std::is_same_v<T, float>;
  switch (algorithm) {
    case Conv2dAlgorithm::gemm:
      break;
    case Conv2dAlgorithm::winograd4:
    case Conv2dAlgorithm::winograd2:
      return {.pack_forward = conv2d_winograd::pack_forward<T>,
              .forward = conv2d_winograd::forward<T>,
              .pack_backward_input = conv2d_winograd::pack_backward_input<T>,
              .backward_input = conv2d_winograd::backward_input<T>};
    case Conv2dAlgorithm::direct:
      return {.forward = conv2d_direct::forward<T>, .backward_input = conv2d_direct::backward_input<T>};
    case Conv2dAlgorithm::cudnn:
      if constexpr (is_float) {
        return {.pack_forward = conv2d_cudnn::pack,
                .forward = conv2d_cudnn::forward,
                .pack_backward_input = conv2d_cudnn::pack,
                .backward_input = conv2d_cudnn::backward_input,
                .backward_weight = conv2d_cudnn::backward_weight};
      }
      break;
    case Conv2dAlgorithm::wgmma_bf16:
    case Conv2dAlgorithm::wgmma_fp16:
    case Conv2dAlgorithm::wgmma_tf32:
      if constexpr (is_float) {
        return {.pack_forward = conv2d_wgmma::pack_forward,
                .forward = conv2d_wgmma::forward,
                .pack_backward_input = conv2d_wgmma::pack_backward_input,
                .backward_input = conv2d_wgmma::backward_input};
      }
      break;
  }
  return {};
}

}  // namespace

bool conv2d_supports(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm) {
  switch (algorithm) {
    case Conv2dAlgorithm::gemm:
      return true;
    case Conv2dAlgorithm::winograd4:
    case Conv2dAlgorithm::winograd2:
      return shape.r == 3 && shape.s == 3 && shape.stride == 1;
    case Conv2dAlgorithm::direct:
      return conv2d_direct::can_do(shape);
    case Conv2dAlgorithm::cudnn:
      return conv2d_cudnn::can_do(shape);
    case Conv2dAlgorithm::wgmma_bf16:
    case Conv2dAlgorithm::wgmma_fp16:
    case Conv2dAlgorithm::wgmma_tf32:
      return conv2d_wgmma::can_do(context, shape, algorithm);
  }
  return false;
}

Conv2dAlgorithm conv2d_algorithm(const CudaContext& context, const Conv2dShape& shape) {
  if (context.conv_backend() == ConvBackend::cudnn && conv2d_cudnn::can_do(shape)) {
    return Conv2dAlgorithm::cudnn;
  }
  if (std::min(shape.c, shape.k) <= 4 && conv2d_direct::can_do(shape)) return Conv2dAlgorithm::direct;
  for (const auto wgmma :
       {Conv2dAlgorithm::wgmma_bf16, Conv2dAlgorithm::wgmma_fp16, Conv2dAlgorithm::wgmma_tf32}) {
    if (conv2d_supports(context, shape, wgmma) && conv2d_wgmma::pays(shape, wgmma)) return wgmma;
  }
  const int64_t tiles = shape.n * ((shape.out_h() + 3) / 4) * ((shape.out_w() + 3) / 4);
  const bool pays = std::min(shape.c, shape.k) >= 32 && shape.c % 4 == 0 && shape.k % 4 == 0 && tiles >= 64 &&
                    context.math_mode() == MathMode::fp32;
  return pays && conv2d_supports(context, shape, Conv2dAlgorithm::winograd4) ? Conv2dAlgorithm::winograd4
                                                                             : Conv2dAlgorithm::gemm;
}

template <class T>
void conv2d_pack_forward(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                         const T* w, T* packed) {
  backend<T>(algorithm).pack_forward(context, shape, algorithm, w, packed);
}

template <class T>
void conv2d_forward(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                    const T* x, const T* packed, const T* bias, bool relu, T* y) {
  backend<T>(algorithm).forward(context, shape, algorithm, x, packed, bias, relu, y);
}

template <class T>
void conv2d_pack_backward_input(const CudaContext& context, const Conv2dShape& shape,
                                Conv2dAlgorithm algorithm, const T* w, T* packed) {
  backend<T>(algorithm).pack_backward_input(context, shape, algorithm, w, packed);
  if (shape.reflects())
    conv2d_mirror::pack(context, shape, w, packed + conv2d_packed_numel(shape, algorithm));
}

template <class T>
void conv2d_backward_input(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                           const T* grad_y, const T* gate, const T* packed, T* grad_x) {
  backend<T>(algorithm).backward_input(context, shape, algorithm, grad_y, packed, grad_x);
  if (shape.reflects())
    conv2d_mirror::add(context, shape, grad_y, gate, packed + conv2d_packed_numel(shape, algorithm), grad_x);
}

template <class T>
void conv2d_backward_weight(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                            const T* x, const T* grad_y, T* grad_w) {
  backend<T>(algorithm).backward_weight(context, shape, algorithm, x, grad_y, grad_w);
}

template <class T>
void conv2d_backward_bias(const CudaContext& context, const Conv2dShape& shape, const T* grad_y, T* grad_b) {
  const int64_t k = shape.k, pixels = shape.n * shape.out_h() * shape.out_w();
  constexpr int64_t kStrips = 512, kShortest = 64;
  const int64_t per_strip = std::max((pixels + kStrips - 1) / kStrips, kShortest);
  const unsigned strip_count = cuda::blocks_for(pixels, per_strip);
  double* const strips = context.scratch<double>(strip_count * k);
  cuda::launch(bias_strips_kernel<T>, dim3(cuda::blocks_for(k, kChannels), strip_count),
               dim3(kChannels, kPixels), 0, context.stream(), pixels, per_strip, k, grad_y, strips);
  cuda::map(context, k, grad_b, [=] __device__(int64_t i) {
    double sum = 0;
    for (unsigned s = 0; s < strip_count; ++s) sum += strips[s * k + i];
    return static_cast<T>(sum);
  });
}

#define NST_INSTANTIATE(T)                                                                                  \
  template void conv2d_pack_forward(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const T*, T*); \
  template void conv2d_forward(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const T*, const T*, \
                               const T*, bool, T*);                                                         \
  template void conv2d_pack_backward_input(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm,         \
                                           const T*, T*);                                                   \
  template void conv2d_backward_input(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const T*,    \
                                      const T*, const T*, T*);                                              \
  template void conv2d_backward_weight(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm, const T*,   \
                                       const T*, T*);                                                       \
  template void conv2d_backward_bias(const CudaContext&, const Conv2dShape&, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
