// cuDNN, loaded on first use (shared_library.h). Only sources that are left out of a build without cuDNN may
// include this.
//
// Of its two interfaces this is the older one, a function per kind of layer. Version 9 calls it deprecated in
// favour of graphs of operations, and still has all of it; a convolution is one call of it, and a graph of
// several pages.
#pragma once

#include <cudnn.h>

#include "kernels/cuda/check.h"
#include "kernels/cuda/shared_library.h"
#include "kernels/cuda/unique_handle.h"

namespace nst::kernels::cuda {

// What we call of it.
#define NST_CUDNN_FUNCTIONS(each)                                                                           \
  each(cudnnGetVersion) each(cudnnGetErrorString) each(cudnnCreate) each(cudnnDestroy) each(cudnnSetStream) \
      each(cudnnCreateTensorDescriptor) each(cudnnDestroyTensorDescriptor) each(cudnnSetTensor4dDescriptor) \
          each(cudnnCreateFilterDescriptor) each(cudnnDestroyFilterDescriptor)                              \
              each(cudnnSetFilter4dDescriptor) each(cudnnCreateConvolutionDescriptor)                       \
                  each(cudnnDestroyConvolutionDescriptor) each(cudnnSetConvolution2dDescriptor)             \
                      each(cudnnSetConvolutionMathType) each(cudnnCreateActivationDescriptor)               \
                          each(cudnnDestroyActivationDescriptor) each(cudnnSetActivationDescriptor)         \
                              each(cudnnGetConvolutionForwardAlgorithm_v7) each(                            \
                                  cudnnGetConvolutionForwardWorkspaceSize) each(cudnnConvolutionForward)    \
                                  each(cudnnConvolutionBiasActivationForward)                               \
                                      each(cudnnGetConvolutionBackwardDataAlgorithm_v7)                     \
                                          each(cudnnGetConvolutionBackwardDataWorkspaceSize)                \
                                              each(cudnnConvolutionBackwardData)                            \
                                                  each(cudnnGetConvolutionBackwardFilterAlgorithm_v7)       \
                                                      each(cudnnGetConvolutionBackwardFilterWorkspaceSize)  \
                                                          each(cudnnConvolutionBackwardFilter)

NST_FUNCTION_TABLE(CudnnFunctions, NST_CUDNN_FUNCTIONS);

//   CUDA_CHECK(cuda::cudnn().cudnnSetStream(handle, stream));
// Throws std::runtime_error where cuDNN cannot be loaded.
const CudnnFunctions& cudnn();

// UniqueHandle for what a function of cuDNN takes back:
//   CudnnHandle<cudnnTensorDescriptor_t, &CudnnFunctions::cudnnDestroyTensorDescriptor> x;
template <class Handle, auto Destroy>
using CudnnHandle = UniqueHandle<Handle, DestroyThrough<cudnn, Destroy>{}>;

inline void check(cudnnStatus_t status, const char* what, const char* file, int line) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  throw_failure("cuDNN", cudnn().cudnnGetErrorString(status), what, file, line);
}

}  // namespace nst::kernels::cuda
