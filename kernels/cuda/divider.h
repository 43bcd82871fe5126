// Division by a number that the host knows, without the twenty-odd instructions that a GPU takes for it.
#pragma once

#include <cstdint>

#include "kernels/context.h"

namespace nst::kernels::cuda {

// n / d as a multiplication and a shift: Granlund & Montgomery 1994, figure 4.1. With l = ceil(log2 d) and
// m = floor(2^32 (2^l - d) / d) + 1, floor(n / d) = (floor(m n / 2^32) + n) / 2^l; below 2^31 the sum cannot
// overflow.
class Divider {
 public:
  // 1 <= divisor < 2^31
  explicit Divider(int64_t divisor) : divisor_(static_cast<uint32_t>(divisor)) {
    while (int64_t{1} << shift_ < divisor) ++shift_;
    multiplier_ = static_cast<uint32_t>(((((uint64_t{1} << shift_) - divisor_) << 32) / divisor_) + 1);
  }

  // n / divisor, for 0 <= n < 2^31
  NST_HOST_DEVICE int quotient(int n) const {
    const auto u = static_cast<uint32_t>(n);
    return static_cast<int>(((static_cast<uint32_t>(uint64_t{u} * multiplier_ >> 32)) + u) >> shift_);
  }
  // What `quotient` left over.
  NST_HOST_DEVICE int remainder(int n, int quotient) const {
    return n - quotient * static_cast<int>(divisor_);
  }

 private:
  uint32_t divisor_, multiplier_, shift_ = 0;
};

}  // namespace nst::kernels::cuda
