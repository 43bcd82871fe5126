// Work captured into a CUDA graph, and what must not be.
#include "tensor/captured_work.h"

#include <gtest/gtest.h>

#include "tensor/ops/elementwise.h"
#include "tensor/ops/gram.h"
#include "tensor/ops/reduce.h"
#include "tests/support.h"
#if NST_CUDA_ON_CPU
#include "kernels/cuda/context.h"
#include "tests/cuda_on_cpu/runner/device_memory.h"
#endif

namespace nst {
namespace {

using testing::random_tensor;

class CapturedWorkOn : public ::testing::TestWithParam<Device> {};

// Everything a graph is made of: kernels, copies, cuBLAS, scratch memory, memory used again within.
std::vector<Tensor> some_work(const Tensor& x) {
  Tensor sum = ops::affine(x, 3, 1);
  for (int i = 0; i < 3; ++i) sum = ops::add(sum, ops::affine(sum.clone(), 0.5));
  return {ops::gram_forward(sum, {.scale = 0.1}), ops::dot(sum, sum)};
}

TEST_P(CapturedWorkOn, every_run_gives_what_the_work_gives) {
  Tensor x = Tensor::empty({1, 5, 7, 3}, DType::float64, GetParam());
  CapturedWork captured(GetParam());
  int done = 0;
  for (int i = 0; i < 6; ++i) {
    x.copy_from(random_tensor(x.shape(), DType::float64, i).to(GetParam()));
    const auto expected = some_work(x), results = captured.run([&] {
      ++done;
      return some_work(x);
    });
    for (size_t k = 0; k < 2; ++k) {
      EXPECT_EQ(results[k].to_vector<double>(), expected[k].to_vector<double>()) << i;
    }
  }
  const bool graph = GetParam().type == DeviceType::cuda;
  EXPECT_EQ(captured.captured(), graph);
  EXPECT_EQ(done, graph ? 3 : 6);
  EXPECT_EQ(captured.problem(), "");
}

INSTANTIATE_TEST_SUITE_P(devices, CapturedWorkOn, ::testing::ValuesIn(testing::devices()));

class CapturedWorkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (cuda_device_count() == 0) GTEST_SKIP() << "there is no CUDA device";
  }
  // Runs `work` until it should be captured; expects that it is not, for this reason, but done all the same.
  static void expect_problem(const CapturedWork::Work& work, const std::string& part) {
    const Tensor probe = Tensor::full({1}, 2, DType::float32, kCuda);
    const size_t before = allocator(kCuda).stats().in_use;
    CapturedWork captured(kCuda);
    for (int i = 0; i < 4; ++i) {
      const auto results = captured.run(work);
      ASSERT_EQ(results.size(), 1u);
      EXPECT_EQ(results[0].item(), 7);
    }
    EXPECT_FALSE(captured.captured());
    EXPECT_NE(captured.problem().find(part), std::string::npos) << captured.problem();
    EXPECT_EQ(allocator(kCuda).stats().in_use, before);
    EXPECT_EQ(ops::affine(probe, 2, 1).item(), 5);  // the device is as usable as ever
  }
};

TEST_F(CapturedWorkTest, waiting_is_no_work_to_capture) {
  const Tensor x = Tensor::full({1}, 3, DType::float32, kCuda);
  expect_problem([&] { return std::vector{ops::affine(x, x.item() - 1, 1)}; },
                 "cuda:0: the host asks for a copy while the stream captures a graph");
  expect_problem(
      [&] {
        synchronize(kCuda);
        return std::vector{ops::affine(x, 2, 1)};
      },
      "the host waits");
}

TEST_F(CapturedWorkTest, work_that_grows_is_not_captured) {
  const Tensor x = Tensor::full({1}, 3, DType::float32, kCuda);
  int runs = 0;
  expect_problem(
      [&] {
        const Tensor more = Tensor::empty({++runs * 1000}, DType::float32, kCuda);
        return std::vector{ops::affine(x, 2, 1)};
      },
      "wants more memory than it did before");
}

TEST_F(CapturedWorkTest, what_is_thrown_within_ends_the_capture) {
  const Tensor x = Tensor::full({1}, 3, DType::float32, kCuda);
  CapturedWork captured(kCuda);
  int runs = 0;
  const auto work = [&] {
    const Tensor y = ops::affine(x, 2, 1);
    if (++runs == 3) throw std::invalid_argument("the third time is wrong");
    return std::vector{y};
  };
  captured.run(work);
  captured.run(work);
  EXPECT_INVALID(captured.run(work), "the third time is wrong");
  EXPECT_EQ(captured.run(work)[0].item(), 7);  // and the next may be captured
  EXPECT_TRUE(captured.captured());
}

// The graph has its address, not a handle.
TEST_F(CapturedWorkTest, a_tensor_that_only_the_graph_uses_lives_on) {
  Tensor x = Tensor::full({100}, 3, DType::float32, kCuda);
  CapturedWork captured(kCuda);
  const auto work = [&] { return std::vector{ops::affine(x, 2, 1)}; };
  for (int i = 0; i < 3; ++i) captured.run(work);
  x = {};
  const Tensor other = Tensor::full({100}, -1, DType::float32, kCuda);  // would lie where x did
  EXPECT_EQ(captured.run(work)[0].to_vector<float>(), std::vector<float>(100, 7));
}

TEST_F(CapturedWorkTest, results_outlive_the_graph) {
  const Tensor x = Tensor::full({100}, 3, DType::float32, kCuda);
  const size_t before = allocator(kCuda).stats().in_use;
  {
    std::vector<Tensor> results;
    {
      CapturedWork captured(kCuda);
      for (int i = 0; i < 4; ++i) results = captured.run([&] { return std::vector{ops::affine(x, 2, 1)}; });
    }
    const Tensor other = Tensor::full({100}, -1, DType::float32, kCuda);
    EXPECT_EQ(results[0].to_vector<float>(), std::vector<float>(100, 7));
  }
  EXPECT_EQ(allocator(kCuda).stats().in_use, before);
}

#if NST_CUDA_ON_CPU
TEST_F(CapturedWorkTest, outgrown_scratch_memory_lives_as_long_as_the_graph) {
  const Tensor x = Tensor::full({5000}, 3, DType::float32, kCuda);
  const auto& context = cuda_context(kCuda);
  const void* scratch = nullptr;
  {
    CapturedWork captured(kCuda);
    const auto work = [&] { return std::vector{ops::dot(x, x)}; };
    for (int i = 0; i < 3; ++i) captured.run(work);
    scratch = context.scratch<char>(1);
    int64_t bytes = 1 << 20;
    while (context.scratch<char>(bytes) == scratch) bytes *= 2;
    EXPECT_TRUE(cuda_on_cpu::is_device_memory(scratch, 1));
    EXPECT_EQ(captured.run(work)[0].item(), 45000);
  }
  EXPECT_FALSE(cuda_on_cpu::is_device_memory(scratch, 1));
}
#endif

}  // namespace
}  // namespace nst
