#include "nst/normal_values.h"

#include <cmath>
#include <numbers>
#include <random>

namespace nst {

std::vector<float> normal_values(int64_t count, uint64_t seed) {
  // Box and Muller: the standard library's distributions differ from one implementation to the next.
  std::mt19937_64 random(seed);
  const auto uniform = [&] { return (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53; };
  std::vector<float> values(static_cast<size_t>(count));
  for (float& v : values) {
    v = static_cast<float>(std::sqrt(-2 * std::log(uniform())) * std::cos(2 * std::numbers::pi * uniform()));
  }
  return values;
}

}  // namespace nst
