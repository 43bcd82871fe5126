#include "tensor/ops/narrow.h"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "tests/support.h"

namespace nst {
namespace {

using ops::Narrow;

class Narrowing : public ::testing::TestWithParam<std::tuple<Narrow, Device>> {
 protected:
  Narrow type() const { return std::get<0>(GetParam()); }
  Device device() const { return std::get<1>(GetParam()); }
  std::vector<float> there_and_back(const std::vector<float>& values) const {
    const Shape shape{static_cast<int64_t>(values.size())};
    return ops::widen(ops::narrow(Tensor::from<float>(shape, values, device()), type()), type(), shape)
        .to_vector<float>();
  }
};

TEST_P(Narrowing, keeps_every_number_that_has_a_16_bit_form) {
  std::vector<float> values(1 << 16);
  for (uint32_t i = 0; i < values.size(); ++i) {
    const auto half = static_cast<uint16_t>(i);
    values[i] = type() == Narrow::bfloat16
                    ? std::bit_cast<float>(i << 16)
                    : Eigen::half_impl::half_to_float(Eigen::half_impl::raw_uint16_to_half(half));
  }
  const auto back = there_and_back(values);
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) {
      ASSERT_TRUE(std::isnan(back[i])) << i;
    } else {
      ASSERT_EQ(std::bit_cast<uint32_t>(back[i]), std::bit_cast<uint32_t>(values[i])) << i;
    }
  }
}

TEST_P(Narrowing, rounds_to_the_nearest_and_ties_to_even) {
  std::mt19937 random(1);
  std::vector<float> values;
  while (values.size() < 200000) {
    const auto v = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (std::isfinite(v) && (type() == Narrow::bfloat16 || std::fabs(v) <= 65504)) values.push_back(v);
  }
  for (uint32_t i = 0; i < 0x7c00; ++i) {  // halfway between two neighbours
    if (type() == Narrow::bfloat16) {
      values.push_back(std::bit_cast<float>((i << 16) | 0x8000));
    } else if (i + 1 < 0x7c00) {
      const auto number = [](uint32_t bits) {
        return Eigen::half_impl::half_to_float(
            Eigen::half_impl::raw_uint16_to_half(static_cast<uint16_t>(bits)));
      };
      values.push_back((number(i) + number(i + 1)) / 2);
    }
  }
  const auto back = there_and_back(values);
  for (size_t i = 0; i < values.size(); ++i) {
    const float expected =
        type() == Narrow::bfloat16
            ? static_cast<float>(Eigen::bfloat16(values[i]))
            : Eigen::half_impl::half_to_float(Eigen::half_impl::float_to_half_rtne(values[i]));
    ASSERT_EQ(back[i], expected) << values[i];
  }
}

TEST_P(Narrowing, caps_what_float16_has_no_number_for) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const auto back = there_and_back({65504, 65520, 1e30f, -1e30f, kInfinity, -kInfinity, NAN});
  if (type() == Narrow::float16) {
    EXPECT_EQ(std::vector<float>(back.begin(), back.begin() + 4),
              (std::vector<float>{65504, 65504, 65504, -65504}));
  } else {
    EXPECT_NEAR(back[2], 1e30f, 1e30f / 256);
  }
  EXPECT_EQ(back[4], kInfinity);
  EXPECT_EQ(back[5], -kInfinity);
  EXPECT_TRUE(std::isnan(back[6]));
}

TEST_P(Narrowing, refuses_other_types) {
  EXPECT_INVALID(ops::narrow(Tensor::zeros({4}, DType::float64, device()), type()), "float32");
  EXPECT_INVALID(ops::widen(Tensor::empty({6}, DType::uint8, device()), type(), {4}), "narrowed");
}

INSTANTIATE_TEST_SUITE_P(forms, Narrowing,
                         ::testing::Combine(::testing::Values(Narrow::bfloat16, Narrow::float16),
                                            ::testing::ValuesIn(testing::devices())));

}  // namespace
}  // namespace nst
