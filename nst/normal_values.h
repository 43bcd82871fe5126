#pragma once

#include <cstdint>
#include <vector>

namespace nst {

// Standard normal values, the same on every machine for a seed.
std::vector<float> normal_values(int64_t count, uint64_t seed);

}  // namespace nst
