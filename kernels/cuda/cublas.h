// cuBLAS, loaded on first use (shared_library.h).
#pragma once

#include <cublas_v2.h>

#include "kernels/cuda/check.h"
#include "kernels/cuda/shared_library.h"
#include "kernels/cuda/unique_handle.h"

namespace nst::kernels::cuda {

// What we call of it. (Its header renames most of them to names that end in _v2, here too.)
#define NST_CUBLAS_FUNCTIONS(each)                                                                \
  each(cublasCreate) each(cublasDestroy) each(cublasSetStream) each(cublasSetWorkspace)           \
      each(cublasSetMathMode) each(cublasSgemm) each(cublasDgemm) each(cublasSgemmStridedBatched) \
          each(cublasDgemmStridedBatched) each(cublasSsyrk) each(cublasDsyrk)

NST_FUNCTION_TABLE(CublasFunctions, NST_CUBLAS_FUNCTIONS);

//   CUDA_CHECK(cuda::cublas().cublasSsyrk(context.cublas(), ...));
// Throws std::runtime_error where cuBLAS cannot be loaded.
const CublasFunctions& cublas();

using CublasHandle = UniqueHandle<cublasHandle_t, DestroyThrough<cublas, &CublasFunctions::cublasDestroy>{}>;

inline void check(cublasStatus_t status, const char* what, const char* file, int line) {
  if (status != CUBLAS_STATUS_SUCCESS) {
    throw_failure("cuBLAS", "status " + std::to_string(static_cast<int>(status)), what, file, line);
  }
}

}  // namespace nst::kernels::cuda
