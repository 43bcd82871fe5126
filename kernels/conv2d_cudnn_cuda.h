// The `cudnn` algorithm of conv2d on CUDA devices, in float32: NVIDIA's own convolutions, as a yardstick for
// ours and in their place. Its products follow the context's math mode: float32 in fp32, TF32 in the
// others, as cuDNN's only way down from float32 tensors is float16, whose range (65504) the gradients of a
// loss that begins near 1e9 cannot be trusted to keep to; ours are scaled (cuda/half.cuh).
//
// A build without cuDNN has conv2d_no_cudnn_cuda.cpp instead of conv2d_cudnn_cuda.cu.
#pragma once

#include <string>

#include "kernels/conv2d.h"

namespace nst::kernels::conv2d_cudnn {

// "9.19.0". Throws std::invalid_argument in a build without cuDNN, std::runtime_error where it cannot be
// loaded.
std::string version();

// Whether cuDNN is there, knows the border (zeros alone) and counts that far (2^31 elements).
bool can_do(const Conv2dShape& shape);

// Packs w (K, C, R, S) for forward and for backward_input: (K, R, S, C).
void pack(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const float* w,
          float* packed);

void forward(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const float* x,
             const float* packed, const float* bias, bool relu, float* y);
void backward_input(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                    const float* grad_y, const float* packed, float* grad_x);
void backward_weight(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                     const float* x, const float* grad_y, float* grad_w);

}  // namespace nst::kernels::conv2d_cudnn
