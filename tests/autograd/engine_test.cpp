#include "autograd/engine.h"

#include <gtest/gtest.h>

#include "autograd/ops/elementwise.h"
#include "tensor/ops/elementwise.h"
#include "tests/support.h"

namespace nst {
namespace {

using autograd::Variable;

Variable leaf(double value) { return Variable(Tensor::full({1}, value, DType::float64), true); }

TEST(Engine, adds_gradients_over_paths_and_calls) {
  Variable x = leaf(3);
  autograd::backward(autograd::add(autograd::mul(x, x), x));  // 2x + 1
  EXPECT_EQ(x.grad().item(), 7);
  autograd::backward(autograd::scale(x, 2));
  EXPECT_EQ(x.grad().item(), 9);
  x.zero_grad();
  EXPECT_FALSE(x.grad().defined());
}

TEST(Engine, walks_deep_graphs_without_recursion) {
  const Variable x = leaf(1);
  Variable y = x;
  for (int i = 0; i < 20000; ++i) y = autograd::affine(y, 1, 1);
  autograd::backward(y);
  EXPECT_EQ(x.grad().item(), 1);
}

TEST(Engine, frees_a_deep_graph_nobody_walked_without_recursion) {
  Variable y = leaf(1);
  for (int i = 0; i < 200000; ++i) y = autograd::affine(y, 1, 1);
  EXPECT_EQ(y.value().item(), 200001);
}

// y = 2x, whose backward adds to the sum that it is lent.
Variable twice_in_place(const Variable& x, std::vector<bool>& lent) {
  return autograd::record(
      "twice", ops::affine(x.value(), 2), {x},
      [&lent](const Tensor& grad_y, const autograd::NeedsGrad& needs) -> std::vector<Tensor> {
        Tensor sum = needs.sums[0];
        lent.push_back(sum.defined());
        if (!sum.defined()) return {ops::affine(grad_y, 2)};
        ops::axpy(2, grad_y, sum);
        return {sum};
      });
}

TEST(Engine, lends_the_sum_so_far_to_be_added_to) {
  std::vector<bool> lent;
  const Variable x = leaf(3);
  const Variable y = autograd::add(twice_in_place(x, lent), twice_in_place(x, lent));
  autograd::backward(y);
  EXPECT_EQ(x.grad().item(), 4);
  EXPECT_EQ(lent, (std::vector<bool>{false, true}));
  const Tensor held = x.grad();  // somebody else sees it: not to be written to
  autograd::backward(twice_in_place(x, lent));
  EXPECT_EQ(x.grad().item(), 6);
  EXPECT_EQ(held.item(), 4);
  EXPECT_FALSE(lent.back());
}

TEST(Engine, computes_nothing_for_frozen_inputs) {
  const Variable x = leaf(3), frozen(Tensor::full({1}, 5, DType::float64));
  const Variable y = autograd::mul(x, frozen);
  EXPECT_EQ(y.info()->creator->needs, (std::vector<bool>{true, false}));
  autograd::backward(y);
  EXPECT_EQ(x.grad().item(), 5);
  EXPECT_FALSE(frozen.grad().defined());
}

TEST(Engine, records_nothing_where_nothing_requires_a_gradient) {
  const Variable frozen(Tensor::zeros({1}));
  EXPECT_EQ(autograd::add(frozen, frozen).info()->creator, nullptr);
  const autograd::NoGradGuard guard;
  const Variable x = leaf(1);
  EXPECT_EQ(autograd::add(x, x).info()->creator, nullptr);
}

TEST(Engine, frees_what_a_node_saved_when_it_has_run) {
  const size_t before = allocator().stats().in_use;
  const Variable x(Tensor::zeros({1024, 1024}), true);
  Variable y = autograd::mul(x, x);
  y = autograd::mul(y, y);
  autograd::backward(y);
  y = {};
  // x and its gradient remain
  EXPECT_LE(allocator().stats().in_use - before, 2 * (x.value().bytes() + 4096));
}

TEST(Engine, refuses_a_second_walk_and_a_constant_loss) {
  const Variable x = leaf(3), y = autograd::mul(x, x);
  autograd::backward(y);
  EXPECT_INVALID(autograd::backward(y), "walked before");
  EXPECT_INVALID(autograd::backward(Variable(Tensor::zeros({1}))), "requires a gradient");
}

TEST(Engine, refuses_a_gradient_of_the_wrong_shape) {
  const Variable x = leaf(3);
  const Variable y = autograd::record("broken", Tensor::zeros({1}, DType::float64), {x},
                                      [](const Tensor&, const autograd::NeedsGrad&) -> std::vector<Tensor> {
                                        return {Tensor::zeros({2}, DType::float64)};
                                      });
  EXPECT_THROW(autograd::backward(y), std::logic_error);
}

}  // namespace
}  // namespace nst
