#include "autograd/ops/slice.h"

#include <gtest/gtest.h>

#include "tests/support.h"

namespace nst {
namespace {

using testing::random_tensor;

// Element by element: the index on the axis moves, the others stay.
std::vector<double> part_by_definition(const Tensor& x, int axis, int64_t begin, int64_t count) {
  int64_t inner = 1;
  for (int i = axis + 1; i < x.rank(); ++i) inner *= x.size(i);
  std::vector<double> part;
  const auto values = x.to_vector<double>();
  for (int64_t i = 0; i < x.numel(); ++i) {
    const int64_t at = i / inner % x.size(axis);
    if (at >= begin && at < begin + count) part.push_back(values[i]);
  }
  return part;
}

class Slice : public ::testing::TestWithParam<std::tuple<Shape, DType, Device>> {};

TEST_P(Slice, reads_and_writes_the_definition) {
  const auto& [shape, dtype, device] = GetParam();
  const Tensor x = random_tensor(shape, dtype, 1).to(device);
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const int64_t size = shape[axis], begin = size / 3, count = size - begin - size / 4;
    const ops::SliceParams params{axis, begin, count};
    const Tensor part = ops::slice_forward(x, params);
    EXPECT_EQ(part.shape(), shape.with(axis, count));
    EXPECT_EQ(part.to_vector<double>(), part_by_definition(x, axis, begin, count));
    // Back in its place among zeros: the sum is the part's, and the part is found there again.
    const Tensor grad_x = ops::slice_backward(part, shape, params);
    EXPECT_EQ(part_by_definition(grad_x, axis, begin, count), part.to_vector<double>());
    const Tensor before = ops::slice_forward(grad_x, {axis, 0, begin}),
                 after = ops::slice_forward(grad_x, {axis, begin + count, size - begin - count});
    EXPECT_EQ(before.to_vector<double>(), std::vector<double>(before.numel(), 0.0));
    EXPECT_EQ(after.to_vector<double>(), std::vector<double>(after.numel(), 0.0));
  }
}

TEST_P(Slice, concat_puts_parts_together_again) {
  const auto& [shape, dtype, device] = GetParam();
  const Tensor x = random_tensor(shape, dtype, 2).to(device);
  for (int axis = -1; axis >= -shape.rank(); --axis) {
    std::vector<Tensor> parts;
    int64_t begin = 0;
    for (int64_t count : {shape[axis] / 2, int64_t{0}, shape[axis] - shape[axis] / 2}) {
      parts.push_back(ops::slice_forward(x, {axis, begin, count}));
      begin += count;
    }
    const Tensor whole = ops::concat(parts, axis);
    EXPECT_EQ(whole.shape(), shape);
    EXPECT_EQ(whole.to_vector<double>(), x.to_vector<double>());
  }
}

INSTANTIATE_TEST_SUITE_P(shapes, Slice,
                         ::testing::Combine(::testing::Values(Shape{1}, Shape{33}, Shape{3, 5},
                                                              Shape{2, 65, 17, 33}),
                                            ::testing::Values(DType::float32, DType::float64),
                                            ::testing::ValuesIn(testing::devices())));

TEST(SliceErrors, name_the_shapes) {
  const Tensor x = Tensor::zeros({2, 5});
  EXPECT_INVALID(ops::slice_forward(x, {2, 0, 1}), "slice: (2, 5) has no axis 2");
  EXPECT_INVALID(ops::slice_forward(x, {1, 3, 3}), "slice: (2, 5) has no entries 3 to 6 on axis 1");
  EXPECT_INVALID(ops::slice_forward(x, {1, -1, 3}), "has no entries -1 to 2");
  EXPECT_INVALID(ops::slice_backward(x, {2, 9}, {1, 0, 4}), "grad_y must be (2, 4)");
  EXPECT_INVALID(ops::concat({}, 0), "at least one tensor");
  const std::vector<Tensor> unlike{x, Tensor::zeros({3, 4})};
  EXPECT_INVALID(ops::concat(unlike, 0), "may differ on axis 0 alone, got float32 (2, 5) on cpu and");
}

const bool registered = testing::register_gradchecks(
    {
        {"slice",
         [](const auto& v) { return autograd::slice(v[0], {.axis = 1, .begin = 1, .count = 2}); },
         {random_tensor({2, 4, 3}, DType::float64, 1)},
         {}},
        {"concat",
         [](const auto& v) {
           return autograd::concat({v[0], v[1], v[0]}, -1);
         },
         {random_tensor({2, 3, 2}, DType::float64, 1), random_tensor({2, 3, 4}, DType::float64, 2)},
         {}},
    },
    testing::devices());

}  // namespace
}  // namespace nst
