// How CUDA's libraries are found, and that the stand-in for cuDNN refuses what cuDNN would not understand.
#include <gtest/gtest.h>

#include "kernels/cuda/context.h"
#include "kernels/cuda/cudnn.h"
#include "tests/support.h"

namespace nst {
namespace {

using kernels::cuda::cudnn;
using kernels::cuda::SharedLibrary;

TEST(SharedLibrary, finds_functions) {
  double (*cosine)(double) = nullptr;
  SharedLibrary("libm.so.6").find("cos", cosine);
  EXPECT_EQ(cosine(0), 1);
}

TEST(SharedLibrary, names_what_is_missing) {
  EXPECT_FAILURE(SharedLibrary("libnowhere.so.9"), "libnowhere.so.9: cannot open shared object file");
  double (*function)(double) = nullptr;
  EXPECT_FAILURE(SharedLibrary("libm.so.6").find("nst_of_no_library", function), "nst_of_no_library");
}

TEST(CudaCheck, names_the_library_the_call_and_the_reason) {
  EXPECT_FAILURE(CUDA_CHECK(CUBLAS_STATUS_INVALID_VALUE),
                 "cuBLAS: status 7 in CUBLAS_STATUS_INVALID_VALUE (");
  EXPECT_FAILURE(CUDA_CHECK(CUDNN_STATUS_BAD_PARAM),
                 "cuDNN: CUDNN_STATUS_BAD_PARAM in CUDNN_STATUS_BAD_PARAM (");
}

// A 3x3 convolution of 2 to 5 channels.
class CudnnStandIn : public ::testing::Test {
 protected:
  CudnnStandIn() {
    cudnnCreate(&handle);
    cudnnCreateTensorDescriptor(&x);
    cudnnCreateTensorDescriptor(&y);
    cudnnCreateFilterDescriptor(&w);
    cudnnCreateConvolutionDescriptor(&conv);
    cudnnSetTensor4dDescriptor(x, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 2, 4, 6);
    cudnnSetFilter4dDescriptor(w, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC, 5, 2, 3, 3);
    cudnnSetConvolution2dDescriptor(conv, 0, 0, 1, 1, 1, 1, CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT);
    set_y_rows(2);
    cudaMalloc(&memory, kFloats * sizeof(float));
    std::fill_n(memory, kFloats, 1.0f);
  }
  ~CudnnStandIn() override {
    cudaFree(memory);
    cudnnDestroy(handle);
    cudnnDestroyTensorDescriptor(x);
    cudnnDestroyTensorDescriptor(y);
    cudnnDestroyFilterDescriptor(w);
    cudnnDestroyConvolutionDescriptor(conv);
  }
  void set_y_rows(int rows) {
    cudnnSetTensor4dDescriptor(y, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 5, rows, 4);
  }
  cudnnStatus_t forward(cudnnConvolutionFwdAlgo_t algorithm, void* workspace, size_t bytes) {
    const float one = 1, zero = 0;
    return cudnnConvolutionForward(handle, &one, x, memory, w, memory + 100, conv, algorithm, workspace,
                                   bytes, &zero, y, memory + 200);
  }

  static constexpr size_t kFloats = 1000;
  static constexpr auto kGood = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
  cudnnHandle_t handle = nullptr;
  cudnnTensorDescriptor_t x = nullptr, y = nullptr;
  cudnnFilterDescriptor_t w = nullptr;
  cudnnConvolutionDescriptor_t conv = nullptr;
  float* memory = nullptr;
};

TEST_F(CudnnStandIn, computes_and_spoils_its_workspace) {
  float* const workspace = memory + 300;
  EXPECT_EQ(forward(kGood, workspace, 2000), CUDNN_STATUS_SUCCESS);
  for (int i = 0; i < 2 * 4 * 5; ++i) EXPECT_EQ(memory[200 + i], 2 * 3 * 3);
  EXPECT_TRUE(std::isnan(workspace[0]) && std::isnan(workspace[499]));
  EXPECT_EQ(workspace[500], 1);
}

TEST_F(CudnnStandIn, refuses) {
  EXPECT_EQ(forward(kGood, nullptr, 2000), CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(forward(kGood, memory + 600, 2000), CUDNN_STATUS_BAD_PARAM);  // beyond the block
  EXPECT_EQ(forward(kGood, memory + 300, 999), CUDNN_STATUS_BAD_PARAM);   // too little
  EXPECT_EQ(forward(CUDNN_CONVOLUTION_FWD_ALGO_GEMM, memory + 300, 2000), CUDNN_STATUS_NOT_SUPPORTED);
  set_y_rows(3);
  EXPECT_EQ(forward(kGood, memory + 300, 2000), CUDNN_STATUS_BAD_PARAM);
  size_t bytes = 0;
  EXPECT_EQ(cudnnGetConvolutionForwardWorkspaceSize(nullptr, x, w, conv, y, CUDNN_CONVOLUTION_FWD_ALGO_DIRECT,
                                                    &bytes),
            CUDNN_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(cudnnSetTensor4dDescriptor(x, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 1, 2, 4, 6),
            CUDNN_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(cudnnSetConvolution2dDescriptor(conv, 0, 0, 1, 1, 1, 1, CUDNN_CONVOLUTION, CUDNN_DATA_FLOAT),
            CUDNN_STATUS_NOT_SUPPORTED);
}

}  // namespace
}  // namespace nst
