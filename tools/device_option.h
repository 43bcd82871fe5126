// --device, for every command that computes.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "tensor/device.h"

namespace nst::tools {

// Accepts cpu, cuda, cuda:N and auto.
CLI::Validator device_name();

// The device that such a name means. "auto" is the first GPU, or, where there is none, the CPU, and says so
// and why. Throws std::runtime_error, with the reason, when the GPU that was asked for cannot be used.
Device choose_device(const std::string& name);

}  // namespace nst::tools
