// Where a tensor's memory lives and its kernels run.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "kernels/context.h"

namespace nst {

enum class DeviceType { cpu, cuda };

struct Device {
  DeviceType type = DeviceType::cpu;
  int index = 0;  // which GPU; 0 for the CPU

  bool operator==(const Device&) const = default;
  // "cpu", "cuda:0"
  std::string to_string() const;
  // Reads "cpu", "cuda" or "cuda:N"; throws std::invalid_argument on anything else.
  static Device parse(std::string_view text);
};

inline constexpr Device kCpu{};
inline constexpr Device kCuda{DeviceType::cuda, 0};

// Whether this program has CUDA kernels, and how many devices it finds to run them on: 0 also without a
// driver.
bool built_with_cuda();
int cuda_device_count();
// Why there is none, for a user: "nst was built without CUDA", "no CUDA device found: ..."; empty when there
// is one.
std::string cuda_problem();
// Throws std::runtime_error, with the reason, when tensors cannot live on this device.
void check_usable(Device device);
// "NVIDIA H100 80GB HBM3"; throws std::runtime_error where there is no such device.
std::string cuda_device_name(Device device);
// Bytes that nobody uses; throws as cuda_device_name.
size_t cuda_free_memory(Device device);
// Waits until all that was asked of the device is done.
void synchronize(Device device);

using kernels::MathMode;
// What the device may compute products of float32 tensors in, from now on. Throws std::invalid_argument for
// anything but fp32 on the CPU.
void set_math_mode(Device device, MathMode mode);
MathMode math_mode(Device device);

using kernels::ConvBackend;
// Whose convolutions the device runs, from now on. Throws std::invalid_argument for cudnn on the CPU and in a
// build without cuDNN, std::runtime_error where cuDNN cannot be loaded.
void set_conv_backend(Device device, ConvBackend backend);
ConvBackend conv_backend(Device device);
// The version of cuDNN, "9.19.0"; throws as set_conv_backend where there is none.
std::string cudnn_version();
// Why there is none, for a user: "nst was built without cuDNN", "libcudnn.so.9: cannot open ..."; empty when
// there is one.
std::string cudnn_problem();

}  // namespace nst
