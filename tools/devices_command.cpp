// nst devices: what --device can name on this machine, and whether there is cuDNN for --conv-backend.
#include <fmt/format.h>
#include <omp.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "nst/memory_estimate.h"
#include "tensor/device.h"
#include "tools/commands.h"

namespace nst::tools {
namespace {

struct DeviceLine {
  Device device;
  std::string name;
  size_t free_bytes;
};

std::vector<DeviceLine> usable_devices() {
  std::vector<DeviceLine> lines{{kCpu, fmt::format("{} threads", omp_get_max_threads()), available_memory()}};
  for (int i = 0; i < cuda_device_count(); ++i) {
    const Device device{DeviceType::cuda, i};
    lines.push_back({device, cuda_device_name(device), cuda_free_memory(device)});
  }
  return lines;
}

void list_devices(bool json) {
  const auto lines = usable_devices();
  const std::string no_cudnn = cudnn_problem();
  if (json) {
    nlohmann::ordered_json array = nlohmann::json::array();
    for (const auto& [device, name, free] : lines) {
      array.push_back({{"device", device.to_string()}, {"name", name}, {"free_bytes", free}});
    }
    nlohmann::ordered_json record{{"devices", array}, {"cuda_problem", cuda_problem()}};
    if (no_cudnn.empty()) record["cudnn_version"] = cudnn_version();
    record["cudnn_problem"] = no_cudnn;
    fmt::print("{}\n", record.dump(2));
    return;
  }
  for (const auto& [device, name, free] : lines) {
    fmt::print("{:<8} {}, {:.1f} GB free\n", device.to_string(), name, static_cast<double>(free) / 1e9);
  }
  if (const std::string problem = cuda_problem(); !problem.empty())
    fmt::print("cuda     none: {}\n", problem);
  fmt::print("cudnn    {}\n", no_cudnn.empty() ? cudnn_version() : "none: " + no_cudnn);
}

}  // namespace

void add_devices_command(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("devices", "List what --device can name on this machine, and which cuDNN there is");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Print a JSON object");
  command->callback([json] { list_devices(*json); });
}

}  // namespace nst::tools
