// What a profiler would have seen of NVTX.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cuda_on_cpu {

struct Range {
  std::string name;
  size_t depth;  // how many were open around it
};

// The ranges that this thread has begun since clear_ranges(), in that order.
const std::vector<Range>& ranges();
void clear_ranges();
// How many of the thread's ranges are open; less than none when more were ended than begun.
int open_ranges();

}  // namespace cuda_on_cpu
