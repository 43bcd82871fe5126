// Which kernels were run on which shapes, for the numbers that ./test prints.
#pragma once

#include <cstddef>

#include "runner/engine.h"

namespace cuda_on_cpu {

// Notes that a grid is run in this many orders; nothing where NST_CUDA_ON_CPU_LOG is not set.
void log_case(const Grid& grid, size_t orders);

}  // namespace cuda_on_cpu
