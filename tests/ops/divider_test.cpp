#include "kernels/cuda/divider.h"

#include <gtest/gtest.h>

#include <limits>

namespace nst {
namespace {

TEST(Divider, divides_as_division_does) {
  constexpr int kMost = std::numeric_limits<int>::max();
  std::vector<int> divisors{kMost, kMost - 1, 1 << 30, (1 << 30) - 1, (1 << 30) + 1, 641, 65537};
  for (int d = 1; d < 300; ++d) divisors.push_back(d);
  for (const int d : divisors) {
    const kernels::cuda::Divider by(d);
    const int64_t last = kMost / d * int64_t{d};  // the largest multiple
    for (const int64_t near : {int64_t{0}, int64_t{d}, int64_t{7} * d, last / d / 2 * d, last}) {
      for (int64_t n = std::max<int64_t>(0, near - 2); n <= std::min<int64_t>(kMost, near + 2); ++n) {
        const int i = static_cast<int>(n), quotient = by.quotient(i);
        ASSERT_EQ(quotient, i / d) << i << " / " << d;
        ASSERT_EQ(by.remainder(i, quotient), i % d) << i << " % " << d;
      }
    }
  }
}

}  // namespace
}  // namespace nst
