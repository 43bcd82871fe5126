// The `direct` algorithm of conv2d on CUDA devices. Weights are packed as for gemm (conv2d_gemm_cuda.h).
#pragma once

#include "kernels/conv2d.h"

namespace nst::kernels::conv2d_direct {

// 3x3 or 9x9, stride 1.
bool can_do(const Conv2dShape& shape);

template <class T>
void forward(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const T* x,
             const T* packed, const T* bias, bool relu, T* y);
template <class T>
void backward_input(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                    const T* grad_y, const T* packed, T* grad_x);

}  // namespace nst::kernels::conv2d_direct
