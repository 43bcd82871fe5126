// A profile of a run on a CUDA device: timed by the device's own clock, and told to NVIDIA's profilers.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "nst/basic.h"
#include "nst/profile_report.h"
#include "tensor/dispatch.h"
#include "tensor/ops/elementwise.h"
#include "tensor/profile.h"
#include "tests/cuda_model_test.h"
#include "tests/networks.h"
#if NST_CUDA_ON_CPU
#include "tests/cuda_on_cpu/runner/nvtx.h"
#endif

namespace nst {
namespace {

using testing::random_picture;
using testing::random_vgg_weights;

class CudaProfile : public testing::CudaModelTest {};

struct Recorded {
  std::vector<OpEvent> events;
  std::vector<StepEvent> steps;
  double elapsed;
};

// Two iterations of L-BFGS on two layers of VGG.
Recorded profile_of_a_run(Device device) {
  const LossNetwork network({.depth = 16, .deepest = "relu1_2"}, random_vgg_weights(16, "relu1_2"),
                            nn::kCaffePreprocessing, DType::float32, device);
  BasicOptions options{.iterations = 2};
  options.objective = {.content_layers = {{"relu1_2", 1}},
                       .style_layers = {{"relu1_1", 1}, {"relu1_2", 0.5}},
                       .tv_weight = 1e-4};
  Basic basic(network, random_picture(9, 12, 1).to(device), {{random_picture(9, 8, 8).to(device), 1}},
              options);
  Profile profile;
  while (!basic.finished()) basic.step();
  auto events = profile.events();
  return {std::move(events), profile.steps(), profile.elapsed()};
}

TEST_F(CudaProfile, has_a_row_for_every_op) {
  const Recorded on_cpu = profile_of_a_run(kCpu), on_cuda = profile_of_a_run(kCuda);
  std::map<std::string, int> calls;
  double total = 0;
  for (const ProfileRow& row : profile_rows(on_cuda.events, ProfileBy::op)) {
    EXPECT_GE(row.seconds, 0) << row.name;
    calls[row.name] = row.calls;
    total += row.seconds;
  }
  EXPECT_GT(total, 0);
  for (const ProfileRow& row : profile_rows(on_cpu.events, ProfileBy::op)) {
    // A fill poisons new tensors, and a copy is a tensor's way to the host.
    if (row.name == "fill" || row.name == "copy") continue;
    EXPECT_EQ(calls[row.name], row.calls) << row.name;
  }
  for (const char* op : {"conv2d", "conv2d_backward_input", "gram", "gram_backward", "dot", "copy"})
    EXPECT_GT(calls[op], 0) << op;
}

TEST_F(CudaProfile, tells_times_by_the_devices_clock) {
  const Recorded run = profile_of_a_run(kCuda);
  double end = 0;
  for (const OpEvent& e : run.events) {
    if (e.device != kCuda) continue;
    EXPECT_GE(e.seconds, 0) << e.op;
    EXPECT_GE(e.own, -1e-9) << e.op;
    EXPECT_LE(e.own, e.seconds) << e.op;
    EXPECT_GE(e.start, 0);
    end = std::max(end, e.start + e.seconds);
  }
  EXPECT_LE(end, run.elapsed + 1e-3);
  ASSERT_EQ(run.steps.size(), 2u);
  EXPECT_EQ(run.steps[1].number, 2);
  EXPECT_GE(run.steps[1].start, run.steps[0].start + run.steps[0].seconds);
}

TEST_F(CudaProfile, an_op_that_fails_is_closed) {
  const Tensor x = Tensor::zeros({4}, DType::float32, kCuda);
  Profile profile;
  const auto fail = [&](const auto&, const auto&) { throw std::runtime_error("no"); };
  EXPECT_THROW(dispatch("failing", x, fail), std::runtime_error);
  (void)ops::affine(x, 2);
  const auto& events = profile.events();
  const auto affine = std::ranges::find(events, "affine", &OpEvent::op);
  ASSERT_NE(affine, events.end());
  EXPECT_EQ(events.front().op, "failing");
  EXPECT_EQ(events.front().own, events.front().seconds);  // nothing was called by it
}

#if NST_CUDA_ON_CPU
TEST_F(CudaProfile, waits_for_the_device_when_it_begins_and_when_it_is_read) {
  const Tensor x = Tensor::zeros({4}, DType::float32, kCuda);
  const auto waits = [] { return cuda_on_cpu::statistics().waits; };
  Profile profile;
  const uint64_t before = waits();
  Tensor y = ops::affine(x, 2);
  EXPECT_EQ(waits() - before, 1u);
  for (int i = 0; i < 5000; ++i) ops::axpy(1, x, y);  // more moments than are left outstanding
  EXPECT_EQ(waits() - before, 1u);
  EXPECT_GE(profile.events().size(), 5001u);
  EXPECT_EQ(waits() - before, 2u);
}

// What Nsight Systems would show.
TEST_F(CudaProfile, is_a_tree_of_ranges) {
  cuda_on_cpu::clear_ranges();
  const Recorded run = profile_of_a_run(kCuda);
  EXPECT_EQ(cuda_on_cpu::open_ranges(), 0);
  const auto& ranges = cuda_on_cpu::ranges();
  EXPECT_EQ(ranges.size(), run.events.size() + run.steps.size());
  std::map<std::string, std::set<size_t>> depths;
  for (const auto& range : ranges) depths[range.name].insert(range.depth);
  EXPECT_EQ(depths["step 1"], std::set<size_t>{0});
  EXPECT_EQ(depths["step 2"], std::set<size_t>{0});
  EXPECT_EQ(depths["conv2d conv1_2"], std::set<size_t>{1});
  EXPECT_TRUE(depths["conv2d_backward_input conv1_2"].contains(1));  // it may call itself
  EXPECT_TRUE(std::ranges::all_of(ranges, [](const auto& r) { return r.depth <= 2; }));
}

TEST_F(CudaProfile, no_ranges_without_a_profile) {
  cuda_on_cpu::clear_ranges();
  (void)ops::affine(Tensor::zeros({4}, DType::float32, kCuda), 2);
  EXPECT_TRUE(cuda_on_cpu::ranges().empty());
}
#endif

}  // namespace
}  // namespace nst
