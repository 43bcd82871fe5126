#include "kernels/cuda/context.h"

#include <algorithm>

namespace nst::kernels {

CudaContext::Block::Block(size_t size, cudaStream_t on) : bytes(size), stream(on) {
  CUDA_CHECK(cudaMallocAsync(&memory, std::max<size_t>(size, 1), on));  // CUDA refuses to give nothing
}
CudaContext::Block::~Block() { cudaFreeAsync(memory, stream); }

CudaContext::CudaContext(int device) : device_(device) {
  CUDA_CHECK(cudaSetDevice(device));
  CUDA_CHECK(cudaDeviceGetAttribute(&multiprocessors_, cudaDevAttrMultiProcessorCount, device));
  int major = 0, minor = 0;
  CUDA_CHECK(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device));
  CUDA_CHECK(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device));
  compute_capability_ = 10 * major + minor;
  CUDA_CHECK(cudaDeviceGetAttribute(&l2_bytes_, cudaDevAttrL2CacheSize, device));
  CUDA_CHECK(cudaStreamCreateWithFlags(stream_.out(), cudaStreamNonBlocking));
}

cublasHandle_t CudaContext::cublas() const {
  const auto& blas = cuda::cublas();
  if (!cublas_.get()) {
    CUDA_CHECK(blas.cublasCreate(cublas_.out()));
    CUDA_CHECK(blas.cublasSetStream(cublas_.get(), stream_.get()));
  }
  CUDA_CHECK(blas.cublasSetMathMode(
      cublas_.get(), math_mode_ == MathMode::fp32 ? CUBLAS_PEDANTIC_MATH : CUBLAS_TF32_TENSOR_OP_MATH));
  return cublas_.get();
}

void* CudaContext::scratch_bytes(size_t bytes) const {
  if (!scratch_ || scratch_->bytes < bytes) {
    scratch_.reset();  // before the new one is taken, so that both never exist at once
    scratch_ = std::make_unique<Block>(bytes, stream_.get());
  }
  return scratch_->memory;
}

}  // namespace nst::kernels
