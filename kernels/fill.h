// Constant fill.
#pragma once

#include "kernels/context.h"

namespace nst::kernels {

// x[i] = value for i in [0, count); for bytes too.
NST_KERNEL(fill, int64_t count, T value, T* x);

}  // namespace nst::kernels
