// The 16-bit types that tensor cores multiply, adding in float32, for kernels that are written once for both.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/ptx.cuh"
#include "kernels/reduce.h"

namespace nst::kernels::cuda {

// float32's range, 7 bits of mantissa.
struct Bf16 {
  static constexpr MathMode kMode = MathMode::bf16;
  __device__ static uint32_t pack(float low, float high) { return pack_bf16(low, high); }
  __device__ static void multiply(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    mma_m16n8k16_bf16(d, a, b);
  }
};

// 10 bits of mantissa between 6e-5 and 65504; what is larger becomes infinite.
struct Fp16 {
  static constexpr MathMode kMode = MathMode::fp16;
  __device__ static uint32_t pack(float low, float high) { return pack_f16(low, high); }
  __device__ static void multiply(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    mma_m16n8k16_f16(d, a, b);
  }
};

// Gradients are as large as the loss' weights make them. Before fp16 rounds one it is multiplied by a power
// of two, exact, that brings its largest element to [2^14, 2^15), and the product divided by it.
struct PowerOfTwo {
  float factor = 1, inverse = 1;
};

// `largest`: the largest absolute value, on the device; null for 1, as are infinity and NaN, which stay what
// they are.
__device__ inline PowerOfTwo fp16_scale(const float* largest) {
  if (!largest) return {};
  constexpr int kBias = 127, kInfinite = 255;  // of a float's exponent
  const int exponent = static_cast<int>(__float_as_uint(*largest) >> 23 & 0xff);
  if (exponent == kInfinite) return {};
  const int up = min(14 + kBias - exponent, 126);  // so that 2^-up is no subnormal
  return {__uint_as_float(static_cast<uint32_t>(kBias + up) << 23),
          __uint_as_float(static_cast<uint32_t>(kBias - up) << 23)};
}

// What fp16_scale() wants to know of a gradient in that math mode, null in the others. Holds until the next
// call.
inline const float* fp16_largest(const CudaContext& context, int64_t numel, const float* gradient) {
  if (context.math_mode() != MathMode::fp16) return nullptr;
  max_abs(context, numel, gradient, context.scalar());
  return context.scalar();
}

}  // namespace nst::kernels::cuda
