// The runner must report every bug of hopper_kernels.cuh, and nothing where there is none.
#include <gtest/gtest.h>

#include "kernels/cuda/tensor_map.h"
#include "tests/cuda_on_cpu/mutants/hopper_kernels.cuh"
#include "tests/support.h"

namespace nst {
namespace {

using namespace mutants;

template <RingBug kBug>
Tensor run() {
  const int64_t columns = kSteps * 32;
  const Tensor x = testing::random_tensor({64, columns}, DType::float32, 1).to(kCuda);
  Tensor d = Tensor::empty({64, 64}, DType::float32, kCuda);
  const CUtensorMap map =
      kernels::cuda::tensor_map(CU_TENSOR_MAP_DATA_TYPE_TFLOAT32, x.data<float>(),
                                {{columns, 4, 32}, {64, 4 * columns, 64}, {1, 256 * columns, 1}});
  kernels::cuda::launch(ring_kernel<kBug>, 1, kRingThreads, kRingStages * kOperandBytes, nullptr, map,
                        d.mutable_data<float>());
  return d;
}

bool finite(const Tensor& y) { return testing::relative_difference(y, y) == 0; }

TEST(HopperMutants, without_a_bug_nothing_is_reported) {
  const Tensor d = run<RingBug::none>();
  ASSERT_TRUE(finite(d));
  const auto x = testing::random_tensor({64, kSteps * 32}, DType::float32, 1).to_vector<float>();
  double sum = 0;
  for (int k = 0; k < kSteps * 32; ++k) sum += double{x[5 * kSteps * 32 + k]} * x[9 * kSteps * 32 + k];
  EXPECT_NEAR(d.to_vector<float>()[5 * 64 + 9], sum, 2e-2);
}

TEST(HopperMutants, a_barrier_must_be_shown_to_tma) {
  EXPECT_FAILURE(run<RingBug::no_init_fence>(), "a barrier without mbarrier_init_fence");
}

TEST(HopperMutants, a_product_of_what_has_not_arrived_is_reported) {
  EXPECT_FAILURE(run<RingBug::no_full_wait>(), "left before all its copies had arrived");
}

TEST(HopperMutants, a_stage_that_is_filled_too_early_is_reported) {
  EXPECT_FAILURE(run<RingBug::early_release>(), "an operand was overwritten");
  EXPECT_FAILURE(run<RingBug::no_empty_wait>(), "more arrivals in a phase than it counts");
}

TEST(HopperMutants, a_phase_that_never_ends_is_reported_with_thread_and_line) {
  EXPECT_FAILURE(run<RingBug::no_release>(), "missing arrival: thread (");
  EXPECT_FAILURE(run<RingBug::wrong_bytes>(), "waits at hopper_kernels.cuh:");
}

TEST(HopperMutants, sums_that_are_not_handed_over_are_reported) {
  EXPECT_FAILURE(run<RingBug::no_fence>(), "the sums were touched since the last wgmma_fence");
  EXPECT_FALSE(finite(run<RingBug::no_wait>()));
  EXPECT_FAILURE(run<RingBug::another_operand>(), "warps of a warpgroup with different descriptors");
}

}  // namespace
}  // namespace nst
