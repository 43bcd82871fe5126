#include "cublas_v2.h"

#include <Eigen/Core>

#include "kernels/cuda/ptx.cuh"
#include "runner/device_memory.h"
#include "runner/stream.h"

struct cublasContext {
  cublasMath_t math = CUBLAS_DEFAULT_MATH;
  cudaStream_t stream = nullptr;
  bool has_workspace = false;
};

namespace {

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
template <class T>
using ConstMap = Eigen::Map<const Matrix<T>, 0, Eigen::OuterStride<>>;
template <class T>
using Map = Eigen::Map<Matrix<T>, 0, Eigen::OuterStride<>>;

// op(A), which is rows x columns, as it is multiplied: rounded to TF32 where that is allowed.
template <class T>
Matrix<T> operand(cublasMath_t math, cublasOperation_t op, const T* a, int lda, int rows, int columns) {
  const bool plain = op == CUBLAS_OP_N;
  Matrix<T> x = ConstMap<T>(a, plain ? rows : columns, plain ? columns : rows, Eigen::OuterStride<>(lda));
  if (!plain) x.transposeInPlace();
  if (std::is_same_v<T, float> && math == CUBLAS_TF32_TENSOR_OP_MATH) {
    for (T& value : x.reshaped()) {
      value = __uint_as_float(nst::kernels::cuda::to_tf32(static_cast<float>(value)));
    }
  }
  return x;
}

// Bytes of a column-major matrix from its first element to its last.
template <class T>
bool on_device(const T* a, int lda, int rows, int columns) {
  if (rows == 0 || columns == 0) return true;
  return lda >= rows &&
         cuda_on_cpu::is_device_memory(a, sizeof(T) * (static_cast<size_t>(lda) * (columns - 1) + rows));
}

template <class F>
cublasStatus_t enqueue(cublasHandle_t handle, const F& product) {
  cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
  (void)cudaStreamIsCapturing(handle->stream, &capture);
  if (capture != cudaStreamCaptureStatusNone && !handle->has_workspace) return CUBLAS_STATUS_NOT_SUPPORTED;
  return cuda_on_cpu::enqueue(handle->stream, product) == cudaSuccess ? CUBLAS_STATUS_SUCCESS
                                                                      : CUBLAS_STATUS_EXECUTION_FAILED;
}

template <class T>
cublasStatus_t gemm(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b, int m, int n,
                    int k, T alpha, const T* a, int lda, const T* b, int ldb, T beta, T* c, int ldc) {
  const bool plain_a = op_a == CUBLAS_OP_N, plain_b = op_b == CUBLAS_OP_N;
  if (!on_device(a, lda, plain_a ? m : k, plain_a ? k : m) ||
      !on_device(b, ldb, plain_b ? k : n, plain_b ? n : k) || !on_device(c, ldc, m, n)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  return enqueue(handle, [=, math = handle->math] {
    const Matrix<T> product = operand(math, op_a, a, lda, m, k) * operand(math, op_b, b, ldb, k, n);
    Map<T> out(c, m, n, Eigen::OuterStride<>(ldc));
    // beta = 0 means that C is not read: it may be NaN.
    if (beta == T(0)) {
      out = alpha * product;
    } else {
      out = alpha * product + beta * out.eval();
    }
  });
}

template <class T>
cublasStatus_t syrk(cublasHandle_t handle, cublasFillMode_t uplo, cublasOperation_t op, int n, int k, T alpha,
                    const T* a, int lda, T beta, T* c, int ldc) {
  if (!on_device(a, lda, op == CUBLAS_OP_N ? n : k, op == CUBLAS_OP_N ? k : n) || !on_device(c, ldc, n, n)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  return enqueue(handle, [=, math = handle->math] {
    const Matrix<T> x = operand(math, op, a, lda, n, k);
    const Matrix<T> product = x * x.transpose();
    for (int j = 0; j < n; ++j) {
      for (int i = uplo == CUBLAS_FILL_MODE_LOWER ? j : 0; i < (uplo == CUBLAS_FILL_MODE_LOWER ? n : j + 1);
           ++i) {
        T& out = c[static_cast<size_t>(j) * ldc + i];
        out = alpha * product(i, j) + (beta == T(0) ? T(0) : beta * out);
      }
    }
  });
}

}  // namespace

cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  *handle = new cublasContext;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t math) {
  handle->math = math;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  handle->has_workspace = false;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void* workspace, size_t bytes) {
  if (!cuda_on_cpu::is_device_memory(workspace, bytes)) return CUBLAS_STATUS_INVALID_VALUE;
  handle->has_workspace = true;
  return CUBLAS_STATUS_SUCCESS;
}

#define CUDA_ON_CPU_GEMM(letter, T)                                                                          \
  cublasStatus_t cublas##letter##gemm(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b, \
                                      int m, int n, int k, const T* alpha, const T* a, int lda, const T* b,  \
                                      int ldb, const T* beta, T* c, int ldc) {                               \
    return gemm<T>(handle, op_a, op_b, m, n, k, *alpha, a, lda, b, ldb, *beta, c, ldc);                      \
  }                                                                                                          \
  cublasStatus_t cublas##letter##gemmStridedBatched(                                                         \
      cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b, int m, int n, int k,            \
      const T* alpha, const T* a, int lda, long long stride_a, const T* b, int ldb, long long stride_b,      \
      const T* beta, T* c, int ldc, long long stride_c, int batch) {                                         \
    for (int i = 0; i < batch; ++i) {                                                                        \
      const auto status = gemm<T>(handle, op_a, op_b, m, n, k, *alpha, a + i * stride_a, lda,                \
                                  b + i * stride_b, ldb, *beta, c + i * stride_c, ldc);                      \
      if (status != CUBLAS_STATUS_SUCCESS) return status;                                                    \
    }                                                                                                        \
    return CUBLAS_STATUS_SUCCESS;                                                                            \
  }                                                                                                          \
  cublasStatus_t cublas##letter##syrk(cublasHandle_t handle, cublasFillMode_t uplo, cublasOperation_t op,    \
                                      int n, int k, const T* alpha, const T* a, int lda, const T* beta,      \
                                      T* c, int ldc) {                                                       \
    return syrk<T>(handle, uplo, op, n, k, *alpha, a, lda, *beta, c, ldc);                                   \
  }
CUDA_ON_CPU_GEMM(S, float)
CUDA_ON_CPU_GEMM(D, double)
