#include "tools/device_option.h"

#include <spdlog/spdlog.h>

#include <stdexcept>

namespace nst::tools {
namespace {

constexpr const char* kAuto = "auto";

}  // namespace

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

Device choose_device(const std::string& name) {
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

}  // namespace nst::tools
