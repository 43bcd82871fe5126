#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cuda_runtime.h"
#include "runner/device_memory.h"
#include "runner/engine.h"
#include "runner/stream.h"
#include "runner/tma.h"

struct CUevent_st {
  std::chrono::steady_clock::time_point at;
};

namespace {

using cuda_on_cpu::enqueue;
using cuda_on_cpu::is_device_memory;
using cuda_on_cpu::refuse_in_capture;

int capability_major = 8, capability_minor = 0;

int shared_bytes_per_block() { return (capability_major >= 9 ? 227 : 163) << 10; }

constexpr size_t kTotalBytes = size_t{64} << 30;

cudaError_t check_device(int device) { return device == 0 ? cudaSuccess : cudaErrorInvalidDevice; }

}  // namespace

namespace cuda_on_cpu {

void set_compute_capability(int major, int minor) {
  capability_major = major;
  capability_minor = minor;
}

}  // namespace cuda_on_cpu

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    case cudaErrorStreamCaptureUnsupported:
      return "operation not permitted when stream is capturing";
    case cudaErrorStreamCaptureInvalidated:
      return "operation failed due to a previous error during capture";
    default:
      return "invalid argument";
  }
}
const char* cudaGetErrorName(cudaError_t error) { return cudaGetErrorString(error); }

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) { return check_device(device); }
cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  switch (attribute) {
    case cudaDevAttrMultiProcessorCount:
      *value = 4;
      break;
    case cudaDevAttrComputeCapabilityMajor:
      *value = capability_major;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *value = capability_minor;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = shared_bytes_per_block();
      break;
    case cudaDevAttrL2CacheSize:
      *value = 1 << 20;  // so that what is done in passes of this size takes several
      break;
    case cudaDevAttrMemoryPoolsSupported:
      *value = 1;
      break;
  }
  return check_device(device);
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int device) {
  *p = {};
  std::snprintf(p->name, sizeof p->name, "CUDA on CPU");
  p->totalGlobalMem = kTotalBytes;
  p->major = capability_major;
  p->minor = capability_minor;
  p->multiProcessorCount = 4;
  p->sharedMemPerBlockOptin = static_cast<size_t>(shared_bytes_per_block());
  p->l2CacheSize = 1 << 20;
  return check_device(device);
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *total = kTotalBytes;
  *free = kTotalBytes - cuda_on_cpu::device_bytes_in_use();
  return cudaSuccess;
}

// Nothing is ever outstanding.
cudaError_t cudaDeviceSynchronize() {
  cuda_on_cpu::count_wait();
  return refuse_in_capture();
}
cudaError_t cudaStreamQuery(cudaStream_t) { return refuse_in_capture(); }
cudaError_t cudaEventQuery(cudaEvent_t) { return refuse_in_capture(); }
cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaDeviceSynchronize(); }
cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaDeviceSynchronize(); }

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = new CUevent_st;
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) { return cudaEventCreate(event); }
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return enqueue(stream, [=] { event->at = std::chrono::steady_clock::now(); });
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  *milliseconds = std::chrono::duration<float, std::milli>(end->at - begin->at).count();
  return cudaSuccess;
}

// Where memory comes from and goes to is no node of a graph: what nst captures has its memory laid out
// before.
cudaError_t cudaMalloc(void** memory, size_t bytes) {
  if (const auto refused = refuse_in_capture(); refused != cudaSuccess) return refused;
  *memory = cuda_on_cpu::device_allocate(bytes);
  return *memory ? cudaSuccess : cudaErrorMemoryAllocation;
}
cudaError_t cudaFree(void* memory) {
  if (const auto refused = refuse_in_capture(); refused != cudaSuccess) return refused;
  return cuda_on_cpu::device_free(memory) ? cudaSuccess : cudaErrorInvalidValue;
}
cudaError_t cudaMallocAsync(void** memory, size_t bytes, cudaStream_t) { return cudaMalloc(memory, bytes); }
cudaError_t cudaFreeAsync(void* memory, cudaStream_t) { return cudaFree(memory); }
cudaError_t cudaMallocHost(void** memory, size_t bytes) {
  *memory = std::malloc(bytes);
  return *memory ? cudaSuccess : cudaErrorMemoryAllocation;
}
cudaError_t cudaFreeHost(void* memory) {
  std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  if (kind != cudaMemcpyDefault) {
    if (is_device_memory(to, bytes) != to_device || is_device_memory(from, bytes) != from_device) {
      return cudaErrorInvalidValue;
    }
  }
  return enqueue(stream, [=] {
    if (bytes > 0) std::memcpy(to, from, bytes);
  });
}
cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  cuda_on_cpu::count_wait();
  if (const auto refused = refuse_in_capture(); refused != cudaSuccess) return refused;
  return cudaMemcpyAsync(to, from, bytes, kind);
}
cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
  if (!is_device_memory(to, bytes)) return cudaErrorInvalidValue;
  return enqueue(stream, [=] {
    if (bytes > 0) std::memset(to, value, bytes);
  });
}
cudaError_t cudaMemset(void* to, int value, size_t bytes) {
  if (const auto refused = refuse_in_capture(); refused != cudaSuccess) return refused;
  return cudaMemsetAsync(to, value, bytes);
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t, cudaMemPoolAttr, void* value) {
  *static_cast<uint64_t*>(value) = cuda_on_cpu::device_bytes_in_use();
  return cudaSuccess;
}

cudaError_t cudaGetDriverEntryPointByVersion(const char* symbol, void** function, unsigned,
                                             unsigned long long, cudaDriverEntryPointQueryResult* result) {
  const bool known = std::strcmp(symbol, "cuTensorMapEncodeTiled") == 0;
  *function = known ? reinterpret_cast<void*>(&cuda_on_cpu::encode_tensor_map) : nullptr;
  *result = known ? cudaDriverEntryPointSuccess : cudaDriverEntryPointSymbolNotFound;
  return cudaSuccess;
}
