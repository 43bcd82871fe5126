// Stands in for CUDA's own header: the part of the runtime API and of CUDA C++ that our kernels use, for a
// plain C++ compiler. What a name means is what NVIDIA's documentation says.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "device_functions.h"
#include "runtime_api.h"
#include "vector_types.h"
