#include "runner/nvtx.h"

#include "nvtx3/nvToolsExt.h"

namespace cuda_on_cpu {
namespace {

thread_local std::vector<Range> begun;
thread_local int open = 0;

}  // namespace

const std::vector<Range>& ranges() { return begun; }
void clear_ranges() { begun.clear(); }
int open_ranges() { return open; }

}  // namespace cuda_on_cpu

int nvtxRangePushA(const char* message) {
  cuda_on_cpu::begun.push_back({message, static_cast<size_t>(cuda_on_cpu::open)});
  return cuda_on_cpu::open++;
}
int nvtxRangePop() { return --cuda_on_cpu::open; }
