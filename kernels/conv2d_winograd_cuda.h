// The `winograd4` and `winograd2` algorithms of conv2d on CUDA devices; winograd.h has the formulas. Backward
// to the input is the forward pass with rotated, transposed filters and padding 2 - pad.
#pragma once

#include "kernels/conv2d.h"

namespace nst::kernels::conv2d_winograd {

// w (K, C, 3, 3) -> packed (planes, C, K), planes being 36 or 16
template <class T>
void pack_forward(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const T* w,
                  T* packed);
template <class T>
void forward(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm, const T* x,
             const T* packed, const T* bias, bool relu, T* y);

// w (K, C, 3, 3) -> packed (planes, K, C)
template <class T>
void pack_backward_input(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                         const T* w, T* packed);
template <class T>
void backward_input(const CudaContext& context, const Conv2dShape& shape, Conv2dAlgorithm algorithm,
                    const T* grad_y, const T* packed, T* grad_x);

}  // namespace nst::kernels::conv2d_winograd
