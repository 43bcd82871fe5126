// What a profile sees of a small network: every op, its layer in both directions, its work and its memory.
#include "tensor/profile.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "autograd/engine.h"
#include "autograd/ops/conv2d.h"
#include "autograd/ops/reduce.h"
#include "tests/support.h"

namespace nst {
namespace {

using autograd::Variable;

const OpEvent* find(Profile& profile, const std::string& op, const std::string& region) {
  const auto& events = profile.events();
  const auto found =
      std::ranges::find_if(events, [&](const OpEvent& e) { return e.op == op && e.region == region; });
  return found == events.end() ? nullptr : &*found;
}

TEST(Profile, tells_ops_layers_and_work_of_both_directions) {
  const Variable x(testing::random_tensor({1, 6, 5, 2}, DType::float32, 1), true);
  const Variable bias;
  const ops::Conv2dWeight weight(testing::random_tensor({3, 2, 3, 3}, DType::float32, 2));
  Profile profile;
  Variable y;
  {
    const ProfileRegion layer("conv1_1");
    y = Variable(ops::conv2d_forward(x.value(), weight, {}, {.padding = 1}), false);
    y = autograd::sum(x);
  }
  autograd::backward(y);
  const OpEvent* conv = find(profile, "conv2d", "conv1_1");
  ASSERT_TRUE(conv);
  EXPECT_EQ(conv->shape, "(1, 6, 5, 2)");
  EXPECT_EQ(conv->flops, 2.0 * 30 * 3 * 2 * 9);
  EXPECT_GE(conv->bytes, 4.0 * 30 * (2 + 3));
  double allocated = 0;  // by the convolution itself, but for the fill that poisons new tensors in tests
  for (const OpEvent& e : profile.events()) allocated += e.allocated;
  EXPECT_GE(allocated, 4.0 * 30 * 3);
  EXPECT_EQ(ProfileRegion::current(), "");
  const auto backward = std::ranges::count_if(profile.events(), [&](const OpEvent& e) {
    return e.start > conv->start && e.region == "conv1_1" && &e > conv;
  });
  EXPECT_GE(backward, 2) << "the sum's gradient belongs to the layer that recorded it";
}

TEST(Profile, gives_each_op_the_time_that_is_its_own) {
  Profile profile;
  // Packing the weight happens inside of the convolution's call.
  ops::conv2d_forward(Tensor::zeros({1, 8, 8, 4}), ops::Conv2dWeight(Tensor::zeros({4, 4, 3, 3})), {},
                      {.padding = 1});
  double own = 0, last_end = 0;
  bool nested = false;
  for (const OpEvent& e : profile.events()) {
    EXPECT_LE(e.own, e.seconds);
    EXPECT_GE(e.own, 0);
    nested |= e.start < last_end;
    last_end = std::max(last_end, e.start + e.seconds);
    own += e.own;
  }
  EXPECT_TRUE(nested);
  EXPECT_LE(own, profile.elapsed());
}

TEST(Profile, is_alone_and_ends) {
  {
    Profile profile;
    EXPECT_THROW(Profile(), std::logic_error);
  }
  Profile profile;
  EXPECT_TRUE(profile.events().empty());
}

}  // namespace
}  // namespace nst
