// Every call into CUDA and cuBLAS goes through one of these: a failure is an exception that names the call.
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <stdexcept>
#include <string>

namespace nst::kernels::cuda {

// Throws std::runtime_error, "CUDA: out of memory in cudaMallocAsync(...) (kernels/cuda/context.cpp:12)".
inline void check(cudaError_t status, const char* what, const char* file, int line) {
  if (status == cudaSuccess) return;
  throw std::runtime_error(std::string("CUDA: ") + cudaGetErrorString(status) + " in " + what + " (" + file +
                           ":" + std::to_string(line) + ")");
}

inline void check(cublasStatus_t status, const char* what, const char* file, int line) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw std::runtime_error("cuBLAS: status " + std::to_string(static_cast<int>(status)) + " in " + what +
                           " (" + file + ":" + std::to_string(line) + ")");
}

}  // namespace nst::kernels::cuda

#define CUDA_CHECK(call) ::nst::kernels::cuda::check((call), #call, __FILE__, __LINE__)
