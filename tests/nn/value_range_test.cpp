#include "nn/value_range.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace nst::nn {
namespace {

template <class T>
ValueRange range_of(const std::vector<T>& values) {
  return value_range(Tensor::from<T>({static_cast<int64_t>(values.size())}, values));
}

template <class T>
void expect_ranges() {
  constexpr T kInfinity = std::numeric_limits<T>::infinity(), kNan = std::numeric_limits<T>::quiet_NaN();
  const auto plain = range_of<T>({-1, 4, 0});
  EXPECT_EQ(plain.min, -1);
  EXPECT_EQ(plain.mean, 1);
  EXPECT_EQ(plain.max, 4);
  EXPECT_EQ(plain.not_finite, 0);
  const auto mixed = range_of<T>({kNan, 2, kInfinity, -kInfinity, 6});
  EXPECT_EQ(mixed.min, 2);
  EXPECT_EQ(mixed.mean, 4);
  EXPECT_EQ(mixed.max, 6);
  EXPECT_EQ(mixed.not_finite, 3);
  for (const auto& none : {range_of<T>({}), range_of<T>({kNan})}) {
    EXPECT_TRUE(std::isnan(none.min) && std::isnan(none.mean) && std::isnan(none.max));
  }
}

TEST(ValueRange, counts_only_what_is_finite) {
  expect_ranges<float>();
  expect_ranges<double>();
}

}  // namespace
}  // namespace nst::nn
