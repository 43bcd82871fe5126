#include "kernels/cuda/context.h"

#include <algorithm>
#include <string>

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
    refuse_in_capture("cuBLAS is first used");
    CUDA_CHECK(blas.cublasCreate(cublas_.out()));
    CUDA_CHECK(blas.cublasSetStream(cublas_.get(), stream_.get()));
    // As much as cuBLAS takes by default, but ours: its own pool is one for all streams, and under capture it
    // would allocate within the graph. After the stream, whose choice resets the workspace.
    const size_t mebibytes = compute_capability_ >= 90 ? 32 : 4;
    cublas_workspace_ = std::make_unique<Block>(mebibytes << 20, stream_.get());
    CUDA_CHECK(blas.cublasSetWorkspace(cublas_.get(), cublas_workspace_->memory, cublas_workspace_->bytes));
  }
  CUDA_CHECK(blas.cublasSetMathMode(
      cublas_.get(), math_mode_ == MathMode::fp32 ? CUBLAS_PEDANTIC_MATH : CUBLAS_TF32_TENSOR_OP_MATH));
  return cublas_.get();
}

void* CudaContext::scratch_bytes(size_t bytes) const {
  if (!scratch_ || scratch_->bytes < bytes) {
    refuse_in_capture("scratch memory grows");
    scratch_.reset();  // before the new one is taken, so that both exist at once only where a graph wants it
    scratch_ = std::make_shared<Block>(bytes, stream_.get());
  }
  return scratch_->memory;
}

float* CudaContext::scalar() const {
  if (!scalar_) {
    refuse_in_capture("memory is first used");
    scalar_ = std::make_unique<Block>(sizeof(float), stream_.get());
  }
  return static_cast<float*>(scalar_->memory);
}

void CudaContext::refuse_in_capture(const char* what) const {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  CUDA_CHECK(cudaStreamIsCapturing(stream_.get(), &status));
  if (status == cudaStreamCaptureStatusNone) return;
  throw std::runtime_error("cuda:" + std::to_string(device_) + ": " + what +
                           " while the stream captures a graph");
}

}  // namespace nst::kernels
