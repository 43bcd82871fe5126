// Stands in for cuBLAS: the products we call, computed with Eigen (runner/cublas.cpp). Matrices are
// column-major.
#pragma once

#include "cuda_runtime.h"

struct cublasContext;
using cublasHandle_t = cublasContext*;
enum cublasStatus_t {
  CUBLAS_STATUS_SUCCESS = 0,
  CUBLAS_STATUS_INVALID_VALUE = 7,
  CUBLAS_STATUS_EXECUTION_FAILED = 13,
  CUBLAS_STATUS_NOT_SUPPORTED = 15
};
enum cublasOperation_t { CUBLAS_OP_N, CUBLAS_OP_T };
enum cublasFillMode_t { CUBLAS_FILL_MODE_LOWER, CUBLAS_FILL_MODE_UPPER };
enum cublasPointerMode_t { CUBLAS_POINTER_MODE_HOST, CUBLAS_POINTER_MODE_DEVICE };
enum cublasMath_t { CUBLAS_DEFAULT_MATH, CUBLAS_PEDANTIC_MATH = 2, CUBLAS_TF32_TENSOR_OP_MATH = 3 };

cublasStatus_t cublasCreate(cublasHandle_t* handle);
cublasStatus_t cublasDestroy(cublasHandle_t handle);
// As NVIDIA's, forgets the workspace.
cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream);
// float32 matrices are rounded to TF32 in CUBLAS_TF32_TENSOR_OP_MATH.
cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t math);
inline cublasStatus_t cublasSetPointerMode(cublasHandle_t, cublasPointerMode_t mode) {
  return mode == CUBLAS_POINTER_MODE_HOST ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}
// Without one, products are refused while the stream captures: NVIDIA's would allocate within the graph.
cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void* workspace, size_t bytes);

#define CUDA_ON_CPU_GEMM(letter, T)                                                                          \
  cublasStatus_t cublas##letter##gemm(cublasHandle_t, cublasOperation_t op_a, cublasOperation_t op_b, int m, \
                                      int n, int k, const T* alpha, const T* a, int lda, const T* b,         \
                                      int ldb, const T* beta, T* c, int ldc);                                \
  cublasStatus_t cublas##letter##gemmStridedBatched(                                                         \
      cublasHandle_t, cublasOperation_t op_a, cublasOperation_t op_b, int m, int n, int k, const T* alpha,   \
      const T* a, int lda, long long stride_a, const T* b, int ldb, long long stride_b, const T* beta, T* c, \
      int ldc, long long stride_c, int batch);                                                               \
  cublasStatus_t cublas##letter##syrk(cublasHandle_t, cublasFillMode_t uplo, cublasOperation_t op, int n,    \
                                      int k, const T* alpha, const T* a, int lda, const T* beta, T* c,       \
                                      int ldc);
CUDA_ON_CPU_GEMM(S, float)
CUDA_ON_CPU_GEMM(D, double)
#undef CUDA_ON_CPU_GEMM
