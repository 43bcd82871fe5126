#include "autograd/saved.h"

#include <gtest/gtest.h>

#include "autograd/engine.h"
#include "autograd/ops/conv2d.h"
#include "autograd/ops/elementwise.h"
#include "autograd/ops/gram.h"
#include "autograd/ops/squared_error.h"
#include "tests/support.h"

namespace nst {
namespace {

using autograd::NarrowSaving;
using autograd::Saved;
using autograd::Variable;
using ops::Narrow;
using testing::random_tensor;

constexpr size_t kSlack = 4096;

TEST(Saved, is_the_tensor_itself_unless_told_otherwise) {
  const Tensor x = random_tensor({256, 256}, DType::float32, 1);
  EXPECT_TRUE(Saved(x).get().shares_storage(x));
  EXPECT_FALSE(Saved().get().defined());
  const NarrowSaving narrow(Narrow::bfloat16);
  EXPECT_FALSE(Saved(x).get().shares_storage(x));
  EXPECT_FALSE(Saved(Tensor()).get().defined());
  EXPECT_TRUE(Saved(Variable(x)).get().shares_storage(x)) << "a constant";
  const Tensor small = random_tensor({4, 4}, DType::float32, 1), exact = x.to(DType::float64);
  EXPECT_TRUE(Saved(small).get().shares_storage(small));
  EXPECT_TRUE(Saved(exact).get().shares_storage(exact));
  {
    const NarrowSaving off(std::nullopt);
    EXPECT_TRUE(Saved(x).get().shares_storage(x));
  }
  EXPECT_FALSE(Saved(x).get().shares_storage(x)) << "the outer scope is back";
}

TEST(Saved, keeps_half_the_bytes_and_one_copy_for_all) {
  const NarrowSaving narrow(Narrow::float16);
  const size_t before = allocator().stats().in_use;
  Tensor x = random_tensor({512, 512}, DType::float32, 1);
  const size_t bytes = x.bytes();
  const Saved first(x), second(x);
  const auto expected = first.get().to_vector<float>();
  x = {};
  EXPECT_LE(allocator().stats().in_use - before, bytes / 2 + kSlack);
  EXPECT_EQ(second.get().to_vector<float>(), expected);
}

TEST(Saved, makes_a_new_copy_of_what_was_written_to) {
  const NarrowSaving narrow(Narrow::float16);
  Tensor x = Tensor::full({256, 256}, 1);
  const Saved ones(x);
  x.fill(2);
  EXPECT_EQ(Saved(x).get().to_vector<float>()[0], 2);
  EXPECT_EQ(ones.get().to_vector<float>()[0], 1);
}

// A convolution with its ReLU, a Gram matrix and a squared error, as in a Gatys step.
Tensor gradient(std::optional<Narrow> type) {
  const NarrowSaving narrow(type);
  const Variable x(random_tensor({1, 64, 64, 8}, DType::float32, 1), true),
      weight(random_tensor({16, 8, 3, 3}, DType::float32, 2)),
      target(random_tensor({1, 64, 64, 16}, DType::float32, 3));
  const Variable y = autograd::conv2d(x, weight, {}, {.padding = 1, .relu = true});
  const Variable gram = autograd::gram(y, {.scale = 1.0 / 4096});
  autograd::backward(autograd::add(autograd::sum_of_squares(gram, Variable(Tensor::zeros({1, 16, 16})), 1),
                                   autograd::mse(y, target)));
  return x.grad();
}

TEST(Saved, changes_gradients_by_no_more_than_its_rounding) {
  const auto exact = gradient({}).to_vector<double>();
  for (const auto& [type, tolerance] : {std::pair{Narrow::bfloat16, 0x1p-8}, {Narrow::float16, 0x1p-11}}) {
    const auto rounded = gradient(type).to_vector<double>();
    EXPECT_CLOSE(rounded, exact, tolerance);
    EXPECT_GT(testing::relative_difference(rounded, exact), 0) << "nothing was narrowed";
  }
}

}  // namespace
}  // namespace nst
