#include <stdexcept>

#include "kernels/conv2d.h"
#include "kernels/peak.h"
#include "tensor/cuda_backend.h"

namespace nst {
namespace {

[[noreturn]] void refuse(Device device) {
  throw std::runtime_error(device.to_string() + ": " + cuda_problem());
}

}  // namespace

bool built_with_cuda() { return false; }
int cuda_device_count() { return 0; }
std::string cuda_problem() { return "nst was built without CUDA"; }
size_t cuda_free_memory(Device device) { refuse(device); }
std::string cuda_device_name(Device device) { refuse(device); }
void synchronize(Device device) {
  if (device.type != DeviceType::cpu) refuse(device);
}
const kernels::CudaContext& cuda_context(Device device) { refuse(device); }
void set_cuda_math_mode(Device device, MathMode) { refuse(device); }
MathMode cuda_math_mode(Device device) { refuse(device); }
void set_cuda_conv_backend(Device device, ConvBackend) { refuse(device); }
ConvBackend cuda_conv_backend(Device device) { refuse(device); }
std::string cudnn_version() { throw std::invalid_argument(cuda_problem()); }
Allocator& cuda_allocator(Device device) { refuse(device); }
void cuda_copy_bytes(void*, Device to_device, const void*, Device from_device, size_t) {
  refuse(to_device.type == DeviceType::cpu ? from_device : to_device);
}
size_t cuda_plan(Device device, const std::function<void()>&) { refuse(device); }
std::unique_ptr<CudaGraph> cuda_capture(Device device, size_t, const std::function<void()>&) {
  refuse(device);
}
std::unique_ptr<CudaTimeline> cuda_timeline(Device device) { refuse(device); }

// The only kernel functions that are no templates, which NST_KERNEL would have given such stand-ins.
kernels::Conv2dAlgorithm kernels::conv2d_algorithm(const CudaContext&, const Conv2dShape&) {
  throw std::runtime_error("conv2d: nst was built without CUDA");
}
bool kernels::conv2d_supports(const CudaContext&, const Conv2dShape&, Conv2dAlgorithm) { return false; }
kernels::PeakWork kernels::peak_work(const CudaContext&) {
  throw std::runtime_error("peak: nst was built without CUDA");
}

}  // namespace nst
