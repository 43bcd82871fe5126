#include "tensor/nvtx_ranges.h"

#include <nvtx3/nvToolsExt.h>  // nothing but headers: without a profiler a call is a look at a pointer

namespace nst {

void push_range(const std::string& name) noexcept { nvtxRangePushA(name.c_str()); }
void pop_range() noexcept { nvtxRangePop(); }

}  // namespace nst
