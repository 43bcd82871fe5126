// Every call into CUDA, cuBLAS (cublas.h) and cuDNN (cudnn.h) goes through CUDA_CHECK: a failure is an
// exception that names the call.
#pragma once

#include <cuda_runtime.h>

#include <stdexcept>
#include <string>

namespace nst::kernels::cuda {

// Throws std::runtime_error, "CUDA: out of memory in cudaMallocAsync(...) (kernels/cuda/context.cpp:12)".
[[noreturn]] inline void throw_failure(const std::string& library, const std::string& why, const char* what,
                                       const char* file, int line) {
  throw std::runtime_error(library + ": " + why + " in " + what + " (" + file + ":" + std::to_string(line) +
                           ")");
}

inline void check(cudaError_t status, const char* what, const char* file, int line) {
  if (status == cudaSuccess) return;
  (void)cudaGetLastError();  // known from here on; the next launch need not find it
  throw_failure("CUDA", cudaGetErrorString(status), what, file, line);
}

}  // namespace nst::kernels::cuda

#define CUDA_CHECK(call) ::nst::kernels::cuda::check((call), #call, __FILE__, __LINE__)
