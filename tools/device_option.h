// --device, --math and --conv-backend, for every command that computes.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "tensor/device.h"

namespace nst::tools {

// Where and how to compute. No part of what is computed: a run may go on elsewhere, or otherwise.
struct DeviceOptions {
  std::string device = "cpu";        // cpu, cuda, cuda:N or auto
  std::string math = "fp32";         // a name of a MathMode
  std::string conv_backend = "own";  // of a ConvBackend
};

// Declares the options, bound to `options`, on a sub-command.
void add_device_options(CLI::App& command, DeviceOptions& options);

// The device that is meant, told its math mode and back-end. "auto" is the first GPU, or, where there is
// none, the CPU, and says so and why. Throws std::runtime_error, with the reason, when the GPU or cuDNN
// cannot be used, and std::invalid_argument for a mode or a back-end that the CPU, or this build, does not
// have.
Device choose_device(const DeviceOptions& options);

}  // namespace nst::tools
