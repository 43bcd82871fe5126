// Where a kernel runs: every kernel takes one of these contexts first, and overload resolution picks the
// implementation.
#pragma once

#include <cstdint>

namespace nst::kernels {

// The calling process's cores; see parallel.h for how work is spread over them.
struct CpuContext {};

// One CUDA stream and the library handles bound to it; defined in kernels/cuda/context.h.
struct CudaContext;

}  // namespace nst::kernels

// Declares one kernel template on both devices. In the argument list `T` is the element type, float or
// double. The CPU's definition is in OP_cpu.cpp, the CUDA one in OP_cuda.cu.
#define NST_KERNEL(name, ...)                        \
  template <class T>                                 \
  void name(const CpuContext& context, __VA_ARGS__); \
  template <class T>                                 \
  void name(const CudaContext& context, __VA_ARGS__)
