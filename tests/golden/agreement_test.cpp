// The measure that every golden test relies on.
#include <gtest/gtest.h>

#include <limits>

#include "tests/golden/golden.h"

namespace nst {
namespace {

double disagreement(const std::vector<double>& ours, const std::vector<double>& golden) {
  const auto tensor = [](const std::vector<double>& values) {
    return Tensor::from<double>({static_cast<int64_t>(values.size())}, values);
  };
  return testing::disagreement(tensor(ours), tensor(golden));
}

TEST(Disagreement, is_relative_and_lets_no_element_hide) {
  EXPECT_EQ(disagreement({3, 4}, {3, 4}), 0);
  EXPECT_NEAR(disagreement({3e-20, 4e-20}, {3e-20, 5e-20}), 0.2, 1e-12);
  EXPECT_NEAR(disagreement({1, 1, 1, 1, 2}, {1, 1, 1, 1, 1}), 1, 1e-12);  // the 2-norm alone says 0.45
  EXPECT_EQ(disagreement({0, 0}, {0, 0}), 0);
  EXPECT_FALSE(disagreement({0, 1e-300}, {0, 0}) <= 1);
}

TEST(Disagreement, never_passes_what_is_no_number_or_has_another_shape) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN(),
                   kInfinity = std::numeric_limits<double>::infinity();
  for (const double bad : {kNan, kInfinity}) {
    EXPECT_FALSE(disagreement({1, bad}, {1, 2}) <= kInfinity);
    EXPECT_FALSE(disagreement({1, bad}, {1, bad}) <= kInfinity);
  }
  EXPECT_FALSE(disagreement({1}, {1, 1}) <= kInfinity);
}

}  // namespace
}  // namespace nst
