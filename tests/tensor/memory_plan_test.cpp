#include "tensor/memory_plan.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <random>

#include "tensor/tensor.h"
#include "tests/support.h"

namespace nst {
namespace {

bool lives_with(const Lifetime& a, const Lifetime& b) { return a.first <= b.last && b.first <= a.last; }

TEST(LayOut, lets_no_two_living_blocks_overlap) {
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    std::vector<Lifetime> blocks(60);
    for (auto& b : blocks) {
      b.size = 64 * (1 + random() % 50);
      b.first = random() % 100;
      b.last = b.first + random() % 30;
    }
    const Layout layout = lay_out(blocks);
    for (size_t i = 0; i < blocks.size(); ++i) {
      EXPECT_LE(layout.offsets[i] + blocks[i].size, layout.extent);
      for (size_t j = 0; j < i; ++j) {
        const bool apart = layout.offsets[i] + blocks[i].size <= layout.offsets[j] ||
                           layout.offsets[j] + blocks[j].size <= layout.offsets[i];
        EXPECT_TRUE(apart || !lives_with(blocks[i], blocks[j])) << i << " and " << j;
      }
    }
  }
}

TEST(LayOut, needs_no_more_than_what_lives_at_once) {
  // a small block that outlives a large one, in whose hole two others must fit
  const std::vector<Lifetime> blocks{{256, 0, 1}, {64, 1, 5}, {192, 2, 3}, {128, 4, 5}};
  EXPECT_EQ(lay_out(blocks).extent, 320u);
  EXPECT_EQ(lay_out({}).extent, 0u);
}

constexpr int64_t kMiB = 1 << 18;  // floats in one

// The first map lives on in a small one, so that block by block the last would not fit where the first was.
// The result outlives the work.
Tensor work(int64_t scale = 1) {
  std::optional<Tensor> first = Tensor::full({4 * scale * kMiB}, 1);
  const Tensor small = Tensor::full({scale * kMiB}, 2);
  first.reset();
  const Tensor second = Tensor::full({3 * scale * kMiB}, 3), third = Tensor::full({4 * scale * kMiB}, 4);
  Tensor result = Tensor::full({1}, 0);
  result.mutable_data<float>()[0] =
      small.data<float>()[kMiB - 1] + second.data<float>()[kMiB - 1] + third.data<float>()[kMiB - 1];
  return result;
}

TEST(MemoryPlan, lays_out_the_runs_after_the_first) {
  const size_t before = allocator().stats().in_use;
  MemoryPlan plan;
  std::vector<Tensor> results;
  for (int i = 0; i < 4; ++i) {
    const MemoryPlan::Run run(plan);
    results.push_back(work());
    EXPECT_EQ(plan.extent() > 0, i > 0);
  }
  EXPECT_NEAR(static_cast<double>(plan.extent()), 8.0 * (1 << 20), 4096);
  for (const Tensor& result : results) EXPECT_EQ(result.item(), 9);
  results.clear();
  EXPECT_EQ(allocator().stats().in_use, before);
}

TEST(MemoryPlan, watches_anew_what_goes_another_way) {
  MemoryPlan plan;
  for (const int64_t scale : {1, 1, 2, 2, 2, 1, 1}) {
    const MemoryPlan::Run run(plan);
    EXPECT_EQ(work(scale).item(), 9);
  }
  EXPECT_NEAR(static_cast<double>(plan.extent()), 8.0 * (1 << 20), 4096);
}

TEST(MemoryPlan, keeps_blocks_that_outlive_it_apart) {
  const size_t before = allocator().stats().in_use;
  std::optional<MemoryPlan> plan(std::in_place);
  std::vector<Tensor> kept;  // in the second run only, which the first cannot know
  for (int i = 0; i < 3; ++i) {
    const MemoryPlan::Run run(*plan);
    Tensor a = Tensor::full({kMiB}, i), b = Tensor::full({kMiB}, i);
    if (i >= 1) kept.insert(kept.end(), {a, b});
  }
  plan.reset();
  const Tensor later = Tensor::full({8 * kMiB}, -1);
  ASSERT_EQ(kept.size(), 4u);
  for (size_t i = 0; i < kept.size(); ++i) {
    EXPECT_EQ(kept[i].data<float>()[0], static_cast<float>(1 + i / 2));
    EXPECT_EQ(kept[i].data<float>()[kMiB - 1], static_cast<float>(1 + i / 2));
  }
  kept.clear();
  EXPECT_LE(allocator().stats().in_use - before, later.bytes() + 4096);
}

double resident_mib() {
  std::ifstream statm("/proc/self/statm");
  double all = 0, resident = 0;
  statm >> all >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

TEST(MemoryPlan, gives_its_pages_to_others_while_it_rests) {
  MemoryPlan plan;
  for (int i = 0; i < 4; ++i) {
    {
      const MemoryPlan::Run run(plan);
      EXPECT_EQ(work(16).item(), 9);  // 128 MiB
    }
    if (i != 2) continue;
    const double before = resident_mib();
    plan.rest();
    EXPECT_LT(resident_mib(), before - 100);
  }
}

TEST(MemoryPlan, runs_within_a_run) {
  MemoryPlan outer, inner;
  for (int i = 0; i < 3; ++i) {
    const MemoryPlan::Run run(outer);
    const Tensor x = Tensor::full({kMiB}, 5);
    for (int k = 0; k < 2; ++k) {
      const MemoryPlan::Run nested(inner);
      EXPECT_EQ(work().item(), 9);
    }
    EXPECT_EQ(x.data<float>()[kMiB - 1], 5);
  }
}

}  // namespace
}  // namespace nst
