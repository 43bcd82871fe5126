// Ranges by which NVIDIA's profilers (Nsight Systems) name what happens within them on a thread, and on the
// GPU because of it. nvtx_ranges.cpp where CMake finds NVTX's headers, no_nvtx_ranges.cpp, which does
// nothing, elsewhere.
#pragma once

#include <string>

namespace nst {

// Ranges nest: pop_range() ends the one that this thread pushed last.
void push_range(const std::string& name) noexcept;
void pop_range() noexcept;

}  // namespace nst
