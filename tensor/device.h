// Where a tensor's memory lives and its kernels run.
#pragma once

#include <string>
#include <string_view>

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

}  // namespace nst
