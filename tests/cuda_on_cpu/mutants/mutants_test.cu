// The runner must report every bug of kernels.cuh, and nothing where there is none.
#include <gtest/gtest.h>

#include "tests/cuda_on_cpu/mutants/kernels.cuh"
#include "tests/support.h"

namespace nst {
namespace {

using kernels::cuda::launch;
using namespace mutants;
using testing::random_tensor;

constexpr int64_t kCount = 3 * kThreads;

// Runs kernel(x, y) on three blocks; what it leaves in y.
Tensor run(void (*kernel)(const float*, float*), int blocks = 3) {
  const Tensor x = random_tensor({kCount}, DType::float32, 1).to(kCuda);
  Tensor y = blocks == 1 ? Tensor::zeros({1}, DType::float32, kCuda) : Tensor::empty_like(x);
  launch(kernel, blocks, kThreads, 0, nullptr, x.data<float>(), y.mutable_data<float>());
  return y;
}

Tensor run_difference(void (*kernel)(int, const float*, float*)) {
  const int count = kCount - 1;  // so that one more is out of memory and not of the grid
  const Tensor x = random_tensor({count}, DType::float32, 1).to(kCuda);
  Tensor y = Tensor::empty_like(x);
  launch(kernel, 3, kThreads, 0, nullptr, count, x.data<float>(), y.mutable_data<float>());
  return y;
}

bool finite(const Tensor& y) { return testing::relative_difference(y, y) == 0; }

TEST(Mutants, without_a_bug_nothing_is_reported) {
  EXPECT_TRUE(finite(run(reverse_kernel<Barrier::present>)));
  EXPECT_TRUE(finite(run(reverse_warp_kernel<Barrier::present>)));
  EXPECT_TRUE(finite(run(barrier_kernel<Arrival::together>)));
  EXPECT_TRUE(finite(run_difference(difference_kernel<Range::exact, Range::exact>)));
  EXPECT_TRUE(finite(run(shared_neighbour_kernel<Range::exact>)));
  EXPECT_TRUE(finite(run(sum_kernel<Total::in_turn>, 1)));
  EXPECT_TRUE(finite(run(tree_sum_kernel<Barrier::present>, 1)));
  EXPECT_TRUE(finite(run(copy_kernel<Wait::present>)));
  EXPECT_TRUE(finite(run(shuffle_kernel<Arrival::together>)));
}

TEST(Mutants, a_removed_barrier_is_a_race) {
  EXPECT_FAILURE(run(reverse_kernel<Barrier::removed>), "race: threads in forward and in reverse order");
  EXPECT_FAILURE(run(reverse_warp_kernel<Barrier::removed>), "race");
  EXPECT_FAILURE(run(tree_sum_kernel<Barrier::removed>, 1), "race");
}

TEST(Mutants, a_divergent_barrier_is_reported_with_block_threads_and_lines) {
  EXPECT_FAILURE(run(barrier_kernel<Arrival::half_at_another>),
                 "divergent barrier: thread (1, 0, 0) of block (0, 0, 0) waits at kernels.cuh:");
  EXPECT_FAILURE(run(barrier_kernel<Arrival::half_never>),
                 "missing barrier: thread (0, 0, 0) of block (0, 0, 0) waits at kernels.cuh:");
  EXPECT_FAILURE(run(barrier_kernel<Arrival::half_never>),
                 "for thread (1, 0, 0) of block (0, 0, 0), which has left the kernel");
  EXPECT_FAILURE(run(shuffle_kernel<Arrival::half_never>), "for thread (16, 0, 0)");
}

TEST(Mutants, after_a_report_the_next_launch_is_unharmed) {
  EXPECT_THROW(run(barrier_kernel<Arrival::half_never>), std::runtime_error);
  EXPECT_TRUE(finite(run(reverse_kernel<Barrier::present>)));
}

TEST(Mutants, an_unwritten_output_is_nan) {
  EXPECT_FALSE(finite(run_difference(difference_kernel<Range::exact, Range::one_less>)));
}

TEST(Mutants, a_copy_that_was_not_waited_for_is_nan) {
  EXPECT_FALSE(finite(run(copy_kernel<Wait::removed>)));
}

TEST(Mutants, a_racy_sum_is_a_race) { EXPECT_FAILURE(run(sum_kernel<Total::racy>, 1), "race"); }

#if defined(__SANITIZE_ADDRESS__)
TEST(MutantsDeathTest, an_access_out_of_bounds_stops_the_program) {
  EXPECT_DEATH(run_difference(difference_kernel<Range::one_more, Range::exact>), "heap-buffer-overflow");
  EXPECT_DEATH(run_difference(difference_kernel<Range::exact, Range::one_more>), "heap-buffer-overflow");
  EXPECT_DEATH(run(shared_neighbour_kernel<Range::one_more>), "out of bounds|use-after-poison");
}
#else
TEST(Mutants, a_read_out_of_bounds_is_nan_and_a_write_is_reported) {
  EXPECT_FALSE(finite(run_difference(difference_kernel<Range::one_more, Range::exact>)));
  EXPECT_FALSE(finite(run(shared_neighbour_kernel<Range::one_more>)));
  EXPECT_FAILURE(run_difference(difference_kernel<Range::exact, Range::one_more>),
                 "out of bounds: a thread has written behind a device block of 764 bytes");
  EXPECT_TRUE(finite(run_difference(difference_kernel<Range::exact, Range::exact>)));  // and no longer
}
#endif

}  // namespace
}  // namespace nst
