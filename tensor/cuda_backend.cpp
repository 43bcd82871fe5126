#include "tensor/cuda_backend.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>

#include "kernels/conv2d_cudnn_cuda.h"
#include "kernels/cuda/context.h"
#include "tensor/cuda_allocator.h"

namespace nst {
namespace {

// A device's context and pool. Never destroyed: tensors in static storage may outlive any static.
struct OpenDevice {
  explicit OpenDevice(int index) : context(index), pool(context) {}
  kernels::CudaContext context;
  CudaAllocator pool;
};

OpenDevice& open_device(Device device) {
  static std::mutex mutex;
  static auto* const devices = new std::map<int, std::unique_ptr<OpenDevice>>;
  const std::lock_guard lock(mutex);
  auto& open = (*devices)[device.index];
  if (!open) {
    check_usable(device);
    open = std::make_unique<OpenDevice>(device.index);
  }
  return *open;
}

}  // namespace

bool built_with_cuda() { return true; }

int cuda_device_count() {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess) return count;
  (void)cudaGetLastError();  // no driver is an answer, not a failure to be found by the next launch
  return 0;
}

std::string cuda_problem() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess && count > 0) return {};
  (void)cudaGetLastError();
  std::string why;
  if (status == cudaErrorInsufficientDriver) {
    // What CUDA calls a driver of version 0.
    why = fmt::format(": NVIDIA's driver is missing, or too old for CUDA {}.{}", CUDART_VERSION / 1000,
                      CUDART_VERSION % 1000 / 10);
  } else if (status != cudaSuccess && status != cudaErrorNoDevice) {
    why = fmt::format(": {}", cudaGetErrorString(status));
  }
  return "no CUDA device found" + why;
}

size_t cuda_free_memory(Device device) {
  size_t free = 0, total = 0;
  CUDA_CHECK(cudaSetDevice(device.index));
  CUDA_CHECK(cudaMemGetInfo(&free, &total));
  return free;
}

std::string cuda_device_name(Device device) {
  cudaDeviceProp properties;
  CUDA_CHECK(cudaGetDeviceProperties(&properties, device.index));
  return properties.name;
}

void synchronize(Device device) {
  if (device.type == DeviceType::cpu) return;
  const auto& context = cuda_context(device);
  context.refuse_in_capture("the host waits");
  CUDA_CHECK(cudaStreamSynchronize(context.stream()));
}

const kernels::CudaContext& cuda_context(Device device) {
  const auto& context = open_device(device).context;
  CUDA_CHECK(cudaSetDevice(device.index));
  return context;
}

void set_cuda_math_mode(Device device, MathMode mode) { open_device(device).context.set_math_mode(mode); }
MathMode cuda_math_mode(Device device) { return open_device(device).context.math_mode(); }

void set_cuda_conv_backend(Device device, ConvBackend backend) {
  if (backend == ConvBackend::cudnn) (void)cudnn_version();  // or why not
  open_device(device).context.set_conv_backend(backend);
}
ConvBackend cuda_conv_backend(Device device) { return open_device(device).context.conv_backend(); }

std::string cudnn_version() { return kernels::conv2d_cudnn::version(); }

Allocator& cuda_allocator(Device device) { return open_device(device).pool; }

void cuda_copy_bytes(void* to, Device to_device, const void* from, Device from_device, size_t bytes) {
  const bool to_host = to_device.type == DeviceType::cpu, from_host = from_device.type == DeviceType::cpu;
  if (!to_host && !from_host && to_device != from_device) synchronize(from_device);  // another stream's work
  const auto& context = cuda_context(to_host ? from_device : to_device);
  if (to_host || from_host) context.refuse_in_capture("the host asks for a copy");
  const auto kind = to_host     ? cudaMemcpyDeviceToHost
                    : from_host ? cudaMemcpyHostToDevice
                                : cudaMemcpyDeviceToDevice;
  CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, kind, context.stream()));
  // The host may use its side when this returns; a copy on the device is just one more thing on the stream.
  if (to_host || from_host) CUDA_CHECK(cudaStreamSynchronize(context.stream()));
}

}  // namespace nst
