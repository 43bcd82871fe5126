#include "autograd/checkpoint.h"

#include <gtest/gtest.h>

#include "autograd/engine.h"
#include "autograd/ops/conv2d.h"
#include "autograd/ops/elementwise.h"
#include "autograd/ops/gram.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/relu.h"
#include "tests/support.h"

namespace nst {
namespace {

using autograd::Variable;
using testing::random_tensor;

// Two convolutions with ReLUs: the last map, and a Gram matrix of the first.
std::vector<Variable> two_layers(const Variable& x, const Variable& first, const Variable& second) {
  const Variable a = autograd::conv2d(x, first, {}, {.padding = 1, .relu = true});
  const Variable b = autograd::conv2d(a, second, {}, {.padding = 1, .relu = true});
  return {b, autograd::gram(a, {.scale = 0.1})};
}

TEST(Checkpoint, gradcheck_of_several_inputs_and_outputs) {
  const auto fn = [](const std::vector<Variable>& v) {
    // An op before, ops behind each output, and one output used twice.
    const auto y =
        autograd::checkpoint([](const std::vector<Variable>& in) { return two_layers(in[0], in[1], in[2]); },
                             {autograd::scale(v[0], 1.5), v[1], v[2]});
    const Variable squares = autograd::sum(autograd::mul(y[0], y[0]));
    return autograd::add(autograd::add(squares, autograd::sum(y[0])),
                         autograd::sum(autograd::mul(y[1], y[1])));
  };
  const auto result = autograd::gradcheck(
      fn,
      {random_tensor({1, 4, 5, 2}, DType::float64, 1), random_tensor({3, 2, 3, 3}, DType::float64, 2),
       random_tensor({2, 3, 3, 3}, DType::float64, 3)},
      {.step = 1e-6, .tolerance = 1e-6});
  EXPECT_TRUE(result.ok) << result.message;
}

// The input's gradient of two layers, as many of them checkpointed as it says.
std::vector<float> gradient(int checkpoints) {
  const Variable x(random_tensor({1, 24, 20, 3}, DType::float32, 1), true),
      first(random_tensor({8, 3, 3, 3}, DType::float32, 2)),
      second(random_tensor({8, 8, 3, 3}, DType::float32, 3));
  const auto layer = [](const Variable& w) {
    return [w](const std::vector<Variable>& v) {
      const Variable y = autograd::conv2d(v[0], w, {}, {.padding = 1, .relu = true});
      return std::vector<Variable>{y, autograd::gram(y, {.scale = 0.1})};
    };
  };
  const auto run = [&](const Variable& w, const Variable& v, bool checkpointed) {
    return checkpointed ? autograd::checkpoint(layer(w), {v}) : layer(w)({v});
  };
  const auto a = run(first, x, checkpoints > 0), b = run(second, a[0], checkpoints > 1);
  Variable loss;
  for (const Variable& y : {b[0], b[1], a[1]}) {  // in the order in which a segment adds gradients
    const Variable term = autograd::sum(autograd::mul(y, y));
    loss = loss.defined() ? autograd::add(loss, term) : term;
  }
  autograd::backward(loss);
  return x.grad().to_vector<float>();
}

TEST(Checkpoint, gives_the_same_bits) {
  const auto plain = gradient(0);
  EXPECT_EQ(gradient(1), plain);
  EXPECT_EQ(gradient(2), plain);
}

TEST(Checkpoint, keeps_nothing_but_inputs_between_the_passes) {
  const Variable x(random_tensor({1, 64, 64, 4}, DType::float32, 1), true),
      first(random_tensor({32, 4, 3, 3}, DType::float32, 2)),
      second(random_tensor({4, 32, 3, 3}, DType::float32, 3));
  const auto segment = [&](const std::vector<Variable>& v) { return two_layers(v[0], first, second); };
  const auto kept = [&](bool checkpointed) {
    const size_t before = allocator().stats().in_use;
    auto y = checkpointed ? autograd::checkpoint(segment, {x}) : segment({x});
    const Variable loss = autograd::add(autograd::sum(y[0]), autograd::sum(y[1]));
    y.clear();
    const size_t during = allocator().stats().in_use - before;
    autograd::backward(loss);
    return during;
  };
  const size_t map = 64 * 64 * 32 * sizeof(float);
  EXPECT_GE(kept(false), map);
  EXPECT_LT(kept(true), map / 8);
}

TEST(Checkpoint, runs_its_segment_once_more_and_only_where_a_gradient_is_wanted) {
  int runs = 0;
  const auto segment = [&](const std::vector<Variable>& v) {
    ++runs;
    return std::vector<Variable>{autograd::relu(v[0]), autograd::scale(v[0], 2)};
  };
  const Tensor values = random_tensor({5}, DType::float32, 1);
  autograd::checkpoint(segment, {Variable(values)});
  EXPECT_EQ(runs, 1) << "a constant needs no second run";
  const Variable x(values, true);
  const auto y = autograd::checkpoint(segment, {x});
  autograd::backward(autograd::sum(y[1]));  // the other output is nobody's
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(x.grad().to_vector<float>(), std::vector<float>(5, 2));
}

TEST(Checkpoint, an_input_that_no_output_depends_on_has_a_gradient_of_zero) {
  const Variable x(random_tensor({5}, DType::float32, 1), true),
      unused(random_tensor({3}, DType::float32, 2), true);
  const auto y = autograd::checkpoint(
      [](const std::vector<Variable>& v) { return std::vector<Variable>{autograd::scale(v[0], 3)}; },
      {x, unused});
  autograd::backward(autograd::sum(y[0]));
  EXPECT_EQ(unused.grad().to_vector<float>(), std::vector<float>(3, 0));
}

}  // namespace
}  // namespace nst
