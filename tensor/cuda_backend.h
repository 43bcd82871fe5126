// What the tensor layer asks of CUDA. cuda_backend.cpp answers in a build with CUDA, no_cuda_backend.cpp in
// one without, by throwing std::runtime_error "cuda:0: nst was built without CUDA".
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "kernels/context.h"
#include "tensor/allocator.h"
#include "tensor/device.h"

namespace nst {

// The device's only context, made on first use; also makes the device current for the calling thread.
const kernels::CudaContext& cuda_context(Device device);
// math_mode() of device.h for a CUDA device.
void set_cuda_math_mode(Device device, MathMode mode);
MathMode cuda_math_mode(Device device);
// conv_backend() likewise.
void set_cuda_conv_backend(Device device, ConvBackend backend);
ConvBackend cuda_conv_backend(Device device);
// The device's pool.
Allocator& cuda_allocator(Device device);
// copy_bytes() of transfer.h, where at least one side is a CUDA device.
void cuda_copy_bytes(void* to, Device to_device, const void* from, Device from_device, size_t bytes);

// What CapturedWork (captured_work.h) is made of. cuda_plan() does the work and returns the bytes that its
// tensors need; cuda_capture() writes it into a graph whose tensors have that much, and does not do it. Both
// pass on what the work throws.
class CudaGraph {
 public:
  virtual ~CudaGraph() = default;
  virtual void launch() = 0;
};
size_t cuda_plan(Device device, const std::function<void()>& work);
std::unique_ptr<CudaGraph> cuda_capture(Device device, size_t bytes, const std::function<void()>& work);

// Moments in the work of a device's stream, for a Profile. mark() has the device note the time when it gets
// there, which the host does not wait for, and returns the moment's number: 1, 2, ... after the 0 of its
// making, when the device had nothing to do.
class CudaTimeline {
 public:
  virtual ~CudaTimeline() = default;
  virtual size_t mark() = 0;
  // Each moment's seconds since the first; waits until the device has come to the last.
  virtual const std::vector<double>& read() = 0;
};
std::unique_ptr<CudaTimeline> cuda_timeline(Device device);

}  // namespace nst
