// The `wgmma_bf16`, `wgmma_fp16` and `wgmma_tf32` algorithms of conv2d, for compute capability 9.0. Both
// directions are one implicit GEMM: backward to the input is the forward pass with rotated, transposed
// filters and padding r - 1 - pad, s - 1 - pad.
#pragma once

#include "kernels/conv2d.h"

namespace nst::kernels::conv2d_wgmma {

bool can_do(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm);
// Whether its tiles would be filled: a row of them is 128 bytes of channels.
bool pays(const Conv2dShape& shape, Conv2dAlgorithm algorithm);

// w (K, C, R, S) -> packed (K, R*S, C), of 16 bits (half of the memory it is given) or float32 rounded to
// TF32
void pack_forward(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                  const float* w, float* packed);
void forward(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const float* x,
             const float* packed, const float* bias, bool relu, float* y);

// w (K, C, R, S) -> packed (C, R*S backwards, K)
void pack_backward_input(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                         const float* w, float* packed);
void backward_input(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                    const float* grad_y, const float* packed, float* grad_x);

}  // namespace nst::kernels::conv2d_wgmma
