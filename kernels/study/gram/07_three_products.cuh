// Idea        float32's accuracy from TF32's cores. A number is split into what TF32 holds of it and what is
//             left, a = a' + a'', and the products that matter are kept:
//               a b = a' b' + a' b'' + a'' b' + (a'' b'', some 2^-22 of a b)
// Change      06's kernel with another way to multiply. The small products are added first.
// Bottleneck  06's, beside which the two other products are free, or nearly.
// Constraints 06's.
#pragma once

#include "kernels/study/gram/06_tensor_cores.cuh"

namespace nst::kernels::study::gram::three_products {

struct ThreeProducts {
  // What TF32 holds of a number, and what it holds of the rest.
  struct Word {
    uint32_t large, small;
  };
  __device__ static Word operand(float x) {
    const uint32_t large = cuda::to_tf32(x);
    return {large, cuda::to_tf32(x - __uint_as_float(large))};
  }
  __device__ static void multiply(float (&sums)[4], const Word (&a)[4], const Word (&b)[2]) {
    const uint32_t large_a[4] = {a[0].large, a[1].large, a[2].large, a[3].large};
    const uint32_t small_a[4] = {a[0].small, a[1].small, a[2].small, a[3].small};
    const uint32_t large_b[2] = {b[0].large, b[1].large}, small_b[2] = {b[0].small, b[1].small};
    cuda::mma_m16n8k8_tf32(sums, small_a, large_b);
    cuda::mma_m16n8k8_tf32(sums, large_a, small_b);
    cuda::mma_m16n8k8_tf32(sums, large_a, large_b);
  }
};

inline void run(const CudaContext& context, const Shape& g, const float* features, const float*,
                float* gram) {
  split_pixels::in_parts(context, g, tensor_cores::gram_tensor_cores_kernel<ThreeProducts>,
                         tensor_cores::kThreads, features, gram);
}

// Rounds, subtracts, rounds what is left.
inline Cost cost(const Shape& s) { return tensor_cores::tensor_cost(s, 3, 3); }

}  // namespace nst::kernels::study::gram::three_products
