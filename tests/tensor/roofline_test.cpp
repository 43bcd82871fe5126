// The device's limits, and the kernel that measures one of them.
#include "tensor/roofline.h"

#include <gtest/gtest.h>

#include "kernels/peak.h"
#include "tensor/dispatch.h"
#include "tests/support.h"

namespace nst {
namespace {

class Peak : public ::testing::TestWithParam<Device> {};

Tensor peak_sums(Device device, int64_t rounds) {
  Tensor sums;
  dispatch("peak", Tensor::empty({1}, DType::float32, device),
           [&]<class T>(const auto& context, std::type_identity<T>) {
             sums = Tensor::empty({kernels::peak_work(context).sums}, DType::float32, device);
             kernels::peak_multiply_add<float>(context, rounds, sums.mutable_data<float>());
           });
  return sums;
}

TEST_P(Peak, computes_what_it_is_rated_by) {
  // Every sum is s a + b over and over, which tends to b / (1 - a) = 1, whatever it began with.
  const auto sums = peak_sums(GetParam(), 20000).to_vector<double>();
  ASSERT_FALSE(sums.empty());
  for (const double sum : sums) ASSERT_NEAR(sum, GetParam() == kCpu ? 12 : 8, 1e-3);
}

TEST_P(Peak, is_measured) {
  const Roofline roofline = measure_roofline(GetParam(), {.seconds = 1e-3, .bytes = 1 << 16});
  EXPECT_GT(roofline.flops, 1e5);
  EXPECT_GT(roofline.bandwidth, 1e5);
  EXPECT_TRUE(std::isfinite(roofline.flops) && std::isfinite(roofline.bandwidth));
}

INSTANTIATE_TEST_SUITE_P(devices, Peak, ::testing::ValuesIn(testing::devices()));

// Each tile is rounds * k products of 2^-31 (fp16 2^-13) and the same, and the four elements that a lane has
// are alike; two of each of four tiles are written.
TEST(PeakOnTensorCores, computes_what_it_is_rated_by) {
  if (cuda_device_count() == 0) GTEST_SKIP() << "no CUDA device";
  for (const auto& [mode, depth, product] : {std::tuple{MathMode::tf32, 8, 0x1p-62},
                                             {MathMode::bf16, 16, 0x1p-62},
                                             {MathMode::fp16, 16, 0x1p-26}}) {
    set_math_mode(kCuda, mode);
    constexpr int kRounds = 4;
    const auto sums = peak_sums(kCuda, kRounds).to_vector<double>();
    for (const double sum : sums) ASSERT_DOUBLE_EQ(sum, kRounds * depth * 8 * product);
  }
  set_math_mode(kCuda, MathMode::fp32);
}

TEST(Roofline, is_the_slower_of_its_two_limits) {
  const Roofline roofline{.flops = 100, .bandwidth = 10};
  EXPECT_EQ(roofline.seconds(1000, 10), 10);
  EXPECT_EQ(roofline.seconds(10, 1000), 100);
}

}  // namespace
}  // namespace nst
