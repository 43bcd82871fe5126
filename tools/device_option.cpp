#include "tools/device_option.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <stdexcept>

#include "tools/option_checks.h"
#include "tools/option_names.h"

namespace nst::tools {
namespace {

constexpr const char* kAuto = "auto";

CLI::Validator device_name() {
  return {[](const std::string& name) -> std::string {
            if (name == kAuto) return {};
            try {
              Device::parse(name);
              return {};
            } catch (const std::invalid_argument&) {
              return "'" + name + "' is not one of cpu, cuda, cuda:N, auto";
            }
          },
          "{cpu,cuda,cuda:N,auto}"};
}

Device find_device(const std::string& name) {
  if (name != kAuto) {
    const Device device = Device::parse(name);
    check_usable(device);
    return device;
  }
  const std::string problem = cuda_problem();
  if (problem.empty()) return kCuda;
  spdlog::info("using the CPU: {}", problem);
  return kCpu;
}

}  // namespace

void add_device_options(CLI::App& command, DeviceOptions& options) {
  const auto option = [&](auto&&... args) { return command.add_option(args...)->group("Run"); };
  option("--device", options.device, "Where to compute; auto takes a GPU where there is one")
      ->check(device_name())
      ->capture_default_str();
  option("--math", options.math,
         "What a GPU may round products to: tf32 is faster than fp32, bf16 and fp16 than tf32")
      ->check(one_of(kMathModeNames))
      ->capture_default_str();
  option("--conv-backend", options.conv_backend, "Whose convolutions a GPU runs: ours, or NVIDIA's cuDNN")
      ->check(one_of(kConvBackendNames))
      ->capture_default_str();
}

Device choose_device(const DeviceOptions& options) {
  const MathMode math = parse_math_mode(options.math);
  const ConvBackend backend = parse_conv_backend(options.conv_backend);
  const Device device = find_device(options.device);
  if (device.type == DeviceType::cpu) {
    const auto refuse = [](const char* option, const std::string& value) {
      throw std::invalid_argument(fmt::format("{} {}: needs a CUDA device", option, value));
    };
    if (math != MathMode::fp32) refuse("--math", options.math);
    if (backend != ConvBackend::own) refuse("--conv-backend", options.conv_backend);
  }
  set_math_mode(device, math);
  const auto reason = [&](const std::exception& error) {
    return fmt::format("--conv-backend {}: {}", options.conv_backend, error.what());
  };
  try {
    set_conv_backend(device, backend);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(reason(error));
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(reason(error));
  }
  return device;
}

}  // namespace nst::tools
