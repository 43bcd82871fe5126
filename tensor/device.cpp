#include "tensor/device.h"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

#include "tensor/cuda_backend.h"

namespace nst {

std::string Device::to_string() const {
  return type == DeviceType::cpu ? "cpu" : fmt::format("cuda:{}", index);
}

Device Device::parse(std::string_view text) {
  if (text == "cpu") return {};
  if (text == "cuda") return {.type = DeviceType::cuda};
  constexpr std::string_view kPrefix = "cuda:";
  if (text.starts_with(kPrefix)) {
    Device device{.type = DeviceType::cuda};
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + kPrefix.size(), end, device.index);
    if (error == std::errc() && stop == end && device.index >= 0) return device;
  }
  throw std::invalid_argument(fmt::format("device: expected cpu, cuda or cuda:N, got '{}'", text));
}

void set_math_mode(Device device, MathMode mode) {
  if (device.type != DeviceType::cpu) return set_cuda_math_mode(device, mode);
  if (mode != MathMode::fp32) throw std::invalid_argument("math mode: the CPU computes in fp32 only");
}

MathMode math_mode(Device device) {
  return device.type == DeviceType::cpu ? MathMode::fp32 : cuda_math_mode(device);
}

void set_conv_backend(Device device, ConvBackend backend) {
  if (device.type != DeviceType::cpu) return set_cuda_conv_backend(device, backend);
  if (backend != ConvBackend::own) throw std::invalid_argument("conv backend: cuDNN needs a CUDA device");
}

ConvBackend conv_backend(Device device) {
  return device.type == DeviceType::cpu ? ConvBackend::own : cuda_conv_backend(device);
}

std::string cudnn_problem() {
  try {
    (void)cudnn_version();
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

void check_usable(Device device) {
  if (device.type == DeviceType::cpu) return;
  if (const std::string problem = cuda_problem(); !problem.empty()) {
    throw std::runtime_error(fmt::format("{}: {}; --device cpu needs none", device.to_string(), problem));
  }
  if (const int count = cuda_device_count(); device.index >= count) {
    throw std::runtime_error(fmt::format("{}: only {} CUDA device(s) found", device.to_string(), count));
  }
}

}  // namespace nst
