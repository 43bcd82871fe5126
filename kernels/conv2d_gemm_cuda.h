// The `gemm` algorithm of conv2d on CUDA devices: conv2d_gather.h's matrix products as implicit GEMMs. Packed
// weights are laid out as on the CPU (conv2d_gemm_cpu.h).
#pragma once

#include "kernels/conv2d.h"

namespace nst::kernels::conv2d_gemm {

template <class T>
void pack_forward(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const T* w,
                  T* packed);
template <class T>
void forward(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const T* x,
             const T* packed, const T* bias, bool relu, T* y);

template <class T>
void pack_backward_input(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                         const T* w, T* packed);
template <class T>
void backward_input(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                    const T* grad_y, const T* packed, T* grad_x);

template <class T>
void backward_weight(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                     const T* x, const T* grad_y, T* grad_w);

}  // namespace nst::kernels::conv2d_gemm
