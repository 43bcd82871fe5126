// Work captured into a CUDA graph, and what must not be.
#include "tensor/captured_work.h"

#include <gtest/gtest.h>

#include "tensor/ops/elementwise.h"
#include "tensor/ops/gram.h"
#include "tensor/ops/reduce.h"
#include "tests/cuda_modes.h"
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
    const auto expected = some_work(x), results = captured.run(x, [&](const Tensor&at) {
      ++done;
      return some_work(at);
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
      const auto results = captured.run(probe, work);
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
  expect_problem([&](const Tensor&) { return std::vector{ops::affine(x, x.item() - 1, 1)}; },
                 "cuda:0: the host asks for a copy while the stream captures a graph");
  expect_problem(
      [&](const Tensor&) {
        synchronize(kCuda);
        return std::vector{ops::affine(x, 2, 1)};
      },
      "the host waits");
}

TEST_F(CapturedWorkTest, work_that_grows_is_not_captured) {
  const Tensor x = Tensor::full({1}, 3, DType::float32, kCuda);
  int runs = 0;
  expect_problem(
      [&](const Tensor&) {
        const Tensor more = Tensor::empty({++runs * 1000}, DType::float32, kCuda);
        return std::vector{ops::affine(x, 2, 1)};
      },
      "wants more memory than it did before");
}

TEST_F(CapturedWorkTest, what_is_thrown_within_ends_the_capture) {
  const Tensor x = Tensor::full({1}, 3, DType::float32, kCuda);
  CapturedWork captured(kCuda);
  int runs = 0;
  const auto work = [&](const Tensor& at) {
    const Tensor y = ops::affine(at, 2, 1);
    if (++runs == 3) throw std::invalid_argument("the third time is wrong");
    return std::vector{y};
  };
  captured.run(x, work);
  captured.run(x, work);
  EXPECT_INVALID(captured.run(x, work), "the third time is wrong");
  EXPECT_EQ(captured.run(x, work)[0].item(), 7);  // and the next may be captured
  EXPECT_TRUE(captured.captured());
}

// The graph has its address, not a handle.
TEST_F(CapturedWorkTest, a_tensor_that_only_the_graph_uses_lives_on) {
  Tensor x = Tensor::full({100}, 3, DType::float32, kCuda);
  CapturedWork captured(kCuda);
  const Tensor y = Tensor::full({100}, 1, DType::float32, kCuda);
  const auto work = [&](const Tensor& at) { return std::vector{ops::add(ops::affine(x, 2), at)}; };
  for (int i = 0; i < 3; ++i) captured.run(y, work);
  x = {};
  const Tensor other = Tensor::full({100}, -1, DType::float32, kCuda);  // would lie where x did
  EXPECT_EQ(captured.run(y, work)[0].to_vector<float>(), std::vector<float>(100, 7));
}

// Of another run, and of the graph.
TEST_F(CapturedWorkTest, results_are_the_callers) {
  const Tensor x = Tensor::full({100}, 3, DType::float32, kCuda);
  const size_t before = allocator(kCuda).stats().in_use;
  {
    std::vector<Tensor> results;
    {
      CapturedWork captured(kCuda);
      const auto work = [&](const Tensor& at) { return std::vector{ops::affine(at, 2, 1)}; };
      for (int i = 0; i < 4; ++i) results = captured.run(x, work);
      captured.run(Tensor::zeros_like(x), work);
    }
    const Tensor other = Tensor::full({100}, -1, DType::float32, kCuda);
    EXPECT_EQ(results[0].to_vector<float>(), std::vector<float>(100, 7));
  }
  EXPECT_EQ(allocator(kCuda).stats().in_use, before);
}

// A Gram matrix of products rounded to TF32 is another than one of float32.
TEST_F(CapturedWorkTest, another_math_mode_begins_anew) {
  const Tensor x = random_tensor({1, 9, 9, 16}, DType::float32, 1).to(kCuda);
  const auto work = [](const Tensor& at) { return std::vector{ops::gram_forward(at, {})}; };
  const auto result_under = [&](MathMode mode, CapturedWork& captured) {
    const testing::MathModeScope scope(mode);
    return captured.run(x, work)[0].to_vector<float>();
  };
  CapturedWork never(kCuda, false), captured(kCuda);
  const auto exact = result_under(MathMode::fp32, never), rounded = result_under(MathMode::tf32, never);
  ASSERT_NE(exact, rounded);
  for (const bool fp32 : {true, false, true}) {
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(result_under(fp32 ? MathMode::fp32 : MathMode::tf32, captured), fp32 ? exact : rounded);
      EXPECT_EQ(captured.captured(), i >= 2);
    }
  }
  EXPECT_EQ(captured.problem(), "");
}

TEST_F(CapturedWorkTest, another_backend_of_convolutions_begins_anew) {
  if (!cudnn_problem().empty()) GTEST_SKIP() << cudnn_problem();
  const Tensor x = Tensor::full({1}, 3, DType::float32, kCuda);
  CapturedWork captured(kCuda);
  const auto work = [](const Tensor& at) { return std::vector{ops::affine(at, 2, 1)}; };
  for (int i = 0; i < 3; ++i) captured.run(x, work);
  EXPECT_TRUE(captured.captured());
  {
    const testing::ConvBackendScope scope(ConvBackend::cudnn);
    EXPECT_EQ(captured.run(x, work)[0].item(), 7);
    EXPECT_FALSE(captured.captured());
  }
}

#if NST_CUDA_ON_CPU
TEST_F(CapturedWorkTest, outgrown_scratch_memory_lives_as_long_as_the_graph) {
  const Tensor x = Tensor::full({5000}, 3, DType::float32, kCuda);
  const auto& context = cuda_context(kCuda);
  const void* scratch = nullptr;
  {
    CapturedWork captured(kCuda);
    const auto work = [&](const Tensor& at) { return std::vector{ops::dot(at, at)}; };
    for (int i = 0; i < 3; ++i) captured.run(x, work);
    scratch = context.scratch<char>(1);
    int64_t bytes = 1 << 20;
    while (context.scratch<char>(bytes) == scratch) bytes *= 2;
    EXPECT_TRUE(cuda_on_cpu::is_device_memory(scratch, 1));
    EXPECT_EQ(captured.run(x, work)[0].item(), 45000);
  }
  EXPECT_FALSE(cuda_on_cpu::is_device_memory(scratch, 1));
}
#endif

}  // namespace
}  // namespace nst
