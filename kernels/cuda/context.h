// CudaContext: what every CUDA kernel function takes first. One stream of one device, the library handles
// bound to it, and working memory.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "kernels/context.h"
#include "kernels/cuda/check.h"
#include "kernels/cuda/cublas.h"
#include "kernels/cuda/unique_handle.h"

namespace nst::kernels {

namespace conv2d_cudnn {
class Plans;
}

// Move-only. All that is called with one context runs in order on its stream; nothing here waits for the
// device.
class CudaContext {
 public:
  // Makes `device` current and opens a stream on it; throws std::runtime_error when that fails.
  explicit CudaContext(int device);

  int device() const { return device_; }
  cudaStream_t stream() const { return stream_.get(); }
  // cuBLAS bound to the stream, scalars on the host, with a workspace of its own. In MathMode::fp32 it
  // multiplies in strict float32, in the others float32 matrices may be rounded to TF32. Created on first
  // use: it is large.
  cublasHandle_t cublas() const;
  // The number of streaming multiprocessors: what a grid should at least fill.
  int multiprocessors() const { return multiprocessors_; }
  // Of the device, as 10 times the major number and the minor one: 90 for Hopper.
  int compute_capability() const { return compute_capability_; }
  // The second-level cache: what one kernel should leave behind for the next to find there.
  int64_t l2_bytes() const { return l2_bytes_; }
  // What products may be computed in; fp32 unless set.
  MathMode math_mode() const { return math_mode_; }
  void set_math_mode(MathMode mode) { math_mode_ = mode; }
  // Whose convolutions to use where both can do a shape; ours unless set.
  ConvBackend conv_backend() const { return conv_backend_; }
  void set_conv_backend(ConvBackend backend) { conv_backend_ = backend; }
  // cuDNN's handle and what it was asked so far: conv2d_cudnn_cuda.cu makes and uses them.
  std::shared_ptr<conv2d_cudnn::Plans>& cudnn_plans() const { return cudnn_plans_; }

  // At least `count` uninitialised elements on the device, aligned to 256 bytes, which belong to the caller's
  // kernels until scratch() is next called: a kernel function asks once and carves up what it gets. The next
  // user runs later on the same stream, so nothing waits. Grows, never shrinks; not while the stream
  // captures.
  template <class T>
  T* scratch(int64_t count) const {
    return static_cast<T*>(scratch_bytes(static_cast<size_t>(count) * sizeof(T)));
  }
  // A float on the device for a kernel function's own use, which scratch() leaves alone.
  float* scalar() const;
  // Keeps today's scratch memory alive when it is outgrown: a captured graph goes on using it.
  std::shared_ptr<const void> share_scratch() const { return scratch_; }

  // Throws std::runtime_error, "cuda:0: <what> while the stream captures a graph", when it does: for what a
  // graph could not repeat.
  void refuse_in_capture(const char* what) const;

 private:
  // Device memory of a stream.
  struct Block {
    Block(size_t bytes, cudaStream_t stream);
    ~Block();
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;
    size_t bytes;
    cudaStream_t stream;
    void* memory = nullptr;
  };

  void* scratch_bytes(size_t bytes) const;

  int device_;
  int multiprocessors_ = 0, compute_capability_ = 0, l2_bytes_ = 0;
  MathMode math_mode_ = MathMode::fp32;
  ConvBackend conv_backend_ = ConvBackend::own;
  cuda::UniqueHandle<cudaStream_t, cudaStreamDestroy> stream_;
  // Made by const functions, on behalf of the stream's order of work: a context belongs to one host thread.
  mutable std::unique_ptr<Block> cublas_workspace_;
  mutable cuda::CublasHandle cublas_;
  mutable std::shared_ptr<conv2d_cudnn::Plans> cudnn_plans_;
  mutable std::shared_ptr<Block> scratch_;
  mutable std::unique_ptr<Block> scalar_;
};

}  // namespace nst::kernels
