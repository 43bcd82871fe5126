#include "tensor/tensor.h"

#include <gtest/gtest.h>

#include "tensor/arena.h"
#include "tests/support.h"

namespace nst {
namespace {

TEST(Shape, counts_compares_and_prints) {
  const Shape shape{2, 3, 5};
  EXPECT_EQ(shape.numel(), 30);
  EXPECT_EQ(shape[-1], 5);
  EXPECT_EQ(shape.with(1, 7), (Shape{2, 7, 5}));
  EXPECT_EQ(shape.to_string(), "(2, 3, 5)");
  EXPECT_EQ(Shape{}.numel(), 1);
  EXPECT_INVALID((Shape{1, -2}), "negative size -2");
  EXPECT_INVALID((Shape{int64_t{1} << 40, int64_t{1} << 40}), "too many elements");
  EXPECT_INVALID(shape[3], "no axis 3");
}

TEST(Device, parses_what_it_prints) {
  EXPECT_EQ(Device::parse("cpu"), kCpu);
  EXPECT_EQ(Device::parse("cuda:3"), (Device{DeviceType::cuda, 3}));
  for (const char* bad : {"", "gpu", "cuda:", "cuda:x", "cuda:1x", "cuda:-1"}) {
    EXPECT_INVALID(Device::parse(bad), "expected cpu, cuda or cuda:N");
  }
}

TEST(Tensor, shares_clones_and_converts) {
  Tensor a = Tensor::from<float>({2, 2}, std::vector<float>{1, 2, 3, 4});
  const Tensor shared = a, copy = a.clone();
  const auto version = a.version();
  a.fill(9);
  EXPECT_GT(a.version(), version);
  EXPECT_EQ(shared.to_vector<float>(), (std::vector<float>{9, 9, 9, 9}));
  EXPECT_EQ(copy.to(DType::float64).to_vector<double>(), (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(copy.reshape({4}).shape(), (Shape{4}));
}

TEST(Tensor, says_what_is_wrong) {
  const Tensor a = Tensor::zeros({2, 3});
  EXPECT_INVALID(a.data<double>(), "float32 elements accessed as float64");
  EXPECT_INVALID(a.item(), "expected one element, got float32 (2, 3) on cpu");
  EXPECT_INVALID(a.reshape({5}), "reshape");
  EXPECT_INVALID(Tensor::from<float>({3}, std::vector<float>{1}), "1 values for shape (3)");
  EXPECT_THROW(Tensor::zeros({2}, DType::float32, {DeviceType::cuda, 99}), std::runtime_error);
}

TEST(Tensor, new_elements_are_nan_in_tests) {
  for (float v : Tensor::empty({7}).to_vector<float>()) EXPECT_TRUE(std::isnan(v));
}

class TensorOn : public ::testing::TestWithParam<Device> {};

TEST_P(TensorOn, the_device_keeps_its_values_on_the_way_there_and_back) {
  const Device device = GetParam();
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  Tensor a = Tensor::from<float>({2, 3}, values, device);
  EXPECT_EQ(a.device(), device);
  EXPECT_EQ(a.to_vector<float>(), values);
  EXPECT_EQ(a.clone().to(kCpu).to_vector<float>(), values);
  EXPECT_EQ(a.to(DType::float64).device(), device);
  EXPECT_EQ(a.to(DType::float64).to_vector<float>(), values);
  a.fill(7);
  EXPECT_EQ(a.to_vector<float>(), std::vector<float>(6, 7));
  EXPECT_EQ(Tensor::full({1}, 2.5, DType::float64, device).item(), 2.5);
  EXPECT_TRUE(std::isnan(Tensor::empty({1}, DType::float32, device).item()));
}

TEST_P(TensorOn, bytes_are_filled_and_poisoned_too) {
  Tensor bytes = Tensor::empty({3}, DType::uint8, GetParam());
  const auto values = [&] {
    const Tensor host = bytes.to(kCpu);
    return std::vector<int>(host.data<uint8_t>(), host.data<uint8_t>() + 3);
  };
  EXPECT_EQ(values(), std::vector<int>(3, 0xa5));
  bytes.fill(255);
  EXPECT_EQ(values(), std::vector<int>(3, 255));
}

TEST_P(TensorOn, the_pool_counts_what_lives) {
  Allocator& pool = allocator(GetParam());
  pool.reset_peak();
  const auto before = pool.stats();
  {
    const Tensor a = Tensor::zeros({1000}, DType::float32, GetParam());
    EXPECT_GE(pool.stats().in_use, before.in_use + 4000);
  }
  EXPECT_EQ(pool.stats().in_use, before.in_use);
  EXPECT_GE(pool.stats().peak, before.in_use + 4000);
}

TEST_P(TensorOn, a_device_refuses_more_than_it_has) {
  EXPECT_FAILURE(Tensor::empty({int64_t{1} << 50}, DType::float32, GetParam()), "out of memory");
}

INSTANTIATE_TEST_SUITE_P(devices, TensorOn, ::testing::ValuesIn(testing::devices()));

TEST(Tensor, two_devices_do_not_mix) {
  if (testing::devices().size() < 2) GTEST_SKIP() << "no CUDA device";
  EXPECT_INVALID(Tensor::zeros({2}).copy_from(Tensor::zeros({2}, DType::float32, kCuda)), "on cuda:0");
  EXPECT_FAILURE(Tensor::zeros({2}, DType::float32, {DeviceType::cuda, 99}), "cuda:99: only 1 CUDA device");
}

TEST(Arena, merges_holes_and_takes_the_best_fit) {
  Arena arena;
  arena.grow(100);
  const size_t a = *arena.take(10), b = *arena.take(20), c = *arena.take(30);
  EXPECT_EQ(arena.free_at_end(), 40u);
  arena.give_back(b);
  EXPECT_EQ(*arena.take(15), b);  // the hole of 20, not the end
  EXPECT_FALSE(arena.take(41));
  arena.give_back(b);
  arena.give_back(a);
  arena.give_back(c);
  EXPECT_EQ(arena.holes(), (std::vector<std::pair<size_t, size_t>>{{0, 100}}));
}

TEST(Allocator, a_steady_state_takes_nothing_from_the_system) {
  const auto step = [] {
    std::vector<Tensor> live;
    for (int64_t i = 1; i < 40; ++i) live.push_back(Tensor::zeros({i * 10007}));
  };
  step();
  const auto before = allocator().stats();
  for (int i = 0; i < 5; ++i) step();
  const auto after = allocator().stats();
  EXPECT_EQ(after.system_calls, before.system_calls);
  EXPECT_EQ(after.in_use, before.in_use);
  EXPECT_GE(after.peak, after.in_use);
}

TEST(Allocator, refuses_more_than_the_machine_has) {
  EXPECT_THROW(Tensor::empty({int64_t{1} << 50}), std::runtime_error);
}

}  // namespace
}  // namespace nst
