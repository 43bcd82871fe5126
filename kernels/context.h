// Where a kernel runs: every kernel takes one of these contexts first, and overload resolution picks the
// implementation.
#pragma once

#include <cstdint>
#include <stdexcept>

namespace nst::kernels {

// The calling process's cores; see parallel.h for how work is spread over them.
struct CpuContext {};

// One CUDA stream and the library handles bound to it; defined in kernels/cuda/context.h.
class CudaContext;

// What the products of float32 tensors may be computed in on CUDA devices. Memory and sums stay float32.
//   fp32   float32 multiplications on the ordinary cores
//   tf32   tensor cores, operands rounded to 10 bits of mantissa: within 2e-3 of the largest result
//   bf16   tensor cores at twice that speed, operands rounded to 7 bits: within 2e-2
//   fp16   as fast as bf16 and as exact as tf32, for activations and weights below 65504, beyond which they
//          become infinite. Gradients may be of any size, at the price of a pass that finds the largest.
// bf16 and fp16 are our convolutions' alone; Gram matrices and cuDNN do as in tf32 there.
enum class MathMode { fp32, tf32, bf16, fp16 };

// Whose convolutions run on CUDA devices: ours, or NVIDIA's cuDNN wherever it can do the shape.
enum class ConvBackend { own, cudnn };

}  // namespace nst::kernels

// Marks the small functions that a kernel's CPU and CUDA versions share.
#ifdef __CUDACC__
#define NST_HOST_DEVICE __host__ __device__
#else
#define NST_HOST_DEVICE
#endif

// Declares one kernel template on the CPU alone: called with a CUDA context it throws std::runtime_error.
#define NST_CPU_KERNEL(name, ...)                                                                            \
  template <class T>                                                                                         \
  void name(const CpuContext& context, __VA_ARGS__);                                                         \
  _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wunused-parameter\"") template <class T> \
  void name(const CudaContext& context, __VA_ARGS__) {                                                       \
    throw std::runtime_error(#name ": runs on the CPU only");                                                \
  }                                                                                                          \
  _Pragma("GCC diagnostic pop") static_assert(true)

// Declares one kernel template on both devices. In the argument list `T` is the element type, float or
// double. The CPU's definition is in OP_cpu.cpp, the CUDA one in OP_cuda.cu. (NST_WITH_CUDA is set by the
// build for what is linked to CUDA kernels; this is the one place that asks.)
#if NST_WITH_CUDA
#define NST_KERNEL(name, ...)                        \
  template <class T>                                 \
  void name(const CpuContext& context, __VA_ARGS__); \
  template <class T>                                 \
  void name(const CudaContext& context, __VA_ARGS__)
#else
#define NST_KERNEL(name, ...) NST_CPU_KERNEL(name, __VA_ARGS__)
#endif
