#include "autograd/ops/conv2d.h"

#include <gtest/gtest.h>

#include "tensor/ops/conv2d.h"
#include "tensor/ops/relu.h"
#include "tests/support.h"

namespace nst {
namespace {

using autograd::Variable;
using testing::random_tensor;

struct Case {
  int64_t n, h, w, c, k, r, s, stride, padding;
};

void PrintTo(const Case& c, std::ostream* os) {
  *os << c.n << 'x' << c.h << 'x' << c.w << 'x' << c.c << "_to_" << c.k << "_kernel_" << c.r << 'x' << c.s
      << "_stride" << c.stride << "_pad" << c.padding;
}

// The definition, in double.
struct Reference {
  std::vector<double> y, grad_x, grad_w, grad_b;
};

Reference reference(const Case& c, const Tensor& x, const Tensor& w, const Tensor& b, const Tensor& grad_y) {
  const auto xs = x.to_vector<double>(), ws = w.to_vector<double>(), bs = b.to_vector<double>(),
             gs = grad_y.to_vector<double>();
  const int64_t p = grad_y.size(1), q = grad_y.size(2);
  Reference ref{std::vector<double>(gs.size()), std::vector<double>(xs.size()),
                std::vector<double>(ws.size()), std::vector<double>(bs.size())};
  for (int64_t n = 0; n < c.n; ++n)
    for (int64_t i = 0; i < p; ++i)
      for (int64_t j = 0; j < q; ++j)
        for (int64_t k = 0; k < c.k; ++k) {
          const size_t out = ((n * p + i) * q + j) * c.k + k;
          ref.y[out] = bs[k];
          ref.grad_b[k] += gs[out];
          for (int64_t r = 0; r < c.r; ++r)
            for (int64_t s = 0; s < c.s; ++s) {
              const int64_t h = i * c.stride + r - c.padding, wi = j * c.stride + s - c.padding;
              if (h < 0 || h >= c.h || wi < 0 || wi >= c.w) continue;
              for (int64_t ch = 0; ch < c.c; ++ch) {
                const size_t in = ((n * c.h + h) * c.w + wi) * c.c + ch;
                const size_t weight = ((k * c.c + ch) * c.r + r) * c.s + s;
                ref.y[out] += xs[in] * ws[weight];
                ref.grad_x[in] += gs[out] * ws[weight];
                ref.grad_w[weight] += gs[out] * xs[in];
              }
            }
        }
  return ref;
}

class Conv2d : public ::testing::TestWithParam<std::tuple<Case, DType, Device>> {};

TEST_P(Conv2d, matches_the_definition) {
  const auto& [c, dtype, device] = GetParam();
  const double tolerance = dtype == DType::float32 ? 2e-5 : 1e-12;
  const ops::Conv2dParams params{.stride = c.stride, .padding = c.padding};
  const Tensor x = random_tensor({c.n, c.h, c.w, c.c}, dtype, 1).to(device),
               w = random_tensor({c.k, c.c, c.r, c.s}, dtype, 2).to(device),
               b = random_tensor({c.k}, dtype, 3).to(device);
  const ops::Conv2dWeight weight(w);
  const Tensor y = ops::conv2d_forward(x, weight, b, params);
  const Tensor grad_y = random_tensor(y.shape(), dtype, 4).to(device);
  const Reference ref = reference(c, x, w, b, grad_y);
  EXPECT_CLOSE(y.to_vector<double>(), ref.y, tolerance);
  EXPECT_CLOSE(ops::conv2d_backward_input(grad_y, {}, weight, x.shape(), params).to_vector<double>(),
               ref.grad_x, tolerance);
  const Tensor masked = ops::relu_backward(y, grad_y);  // y as if it had been rectified
  EXPECT_CLOSE(ops::conv2d_backward_input(grad_y, y, weight, x.shape(), params).to_vector<double>(),
               reference(c, x, w, b, masked).grad_x, tolerance);
  EXPECT_CLOSE(ops::conv2d_backward_weight(x, grad_y, w.shape(), params).to_vector<double>(), ref.grad_w,
               tolerance);
  EXPECT_CLOSE(ops::conv2d_backward_bias(grad_y).to_vector<double>(), ref.grad_b, tolerance);
}

INSTANTIATE_TEST_SUITE_P(
    shapes, Conv2d,
    ::testing::Combine(
        ::testing::Values(Case{1, 1, 1, 3, 4, 3, 3, 1, 1},     // smaller than the kernel
                          Case{1, 33, 17, 3, 16, 3, 3, 1, 1},  // a first layer
                          Case{2, 20, 23, 16, 8, 3, 3, 1, 1},
                          Case{1, 65, 17, 7, 5, 3, 3, 1, 0}, Case{1, 16, 16, 32, 33, 3, 3, 1, 2},
                          // several tiles of a GPU's product each way, with a split depth
                          Case{1, 13, 12, 64, 132, 3, 3, 1, 1}, Case{2, 33, 9, 6, 5, 1, 1, 1, 0},
                          Case{1, 31, 24, 3, 8, 9, 9, 1, 4}, Case{2, 19, 22, 8, 12, 3, 3, 2, 1},
                          Case{1, 13, 12, 4, 6, 5, 2, 3, 2},
                          Case{1, 12, 12, 3, 2, 2, 2, 4, 0}),  // skips pixels
        ::testing::Values(DType::float32, DType::float64), ::testing::ValuesIn(testing::devices())));

class Conv2dOnDevice : public ::testing::TestWithParam<Device> {};

TEST_P(Conv2dOnDevice, relu_clips) {
  const Tensor x = random_tensor({1, 9, 8, 3}, DType::float64, 1).to(GetParam()),
               w = random_tensor({4, 3, 3, 3}, DType::float64, 2).to(GetParam());
  const ops::Conv2dWeight weight(w);
  const auto plain = ops::conv2d_forward(x, weight, {}, {.padding = 1}).to_vector<double>();
  const auto clipped = ops::conv2d_forward(x, weight, {}, {.padding = 1, .relu = true}).to_vector<double>();
  for (size_t i = 0; i < plain.size(); ++i) EXPECT_EQ(clipped[i], std::max(0.0, plain[i]));
}

TEST_P(Conv2dOnDevice, repacks_a_weight_after_a_write) {
  Tensor w = random_tensor({2, 3, 3, 3}, DType::float32, 1).to(GetParam());
  const Tensor x = random_tensor({1, 8, 8, 3}, DType::float32, 2).to(GetParam());
  const ops::Conv2dWeight weight(w);
  const Tensor before = ops::conv2d_forward(x, weight, {}, {});
  w.fill(0);
  EXPECT_EQ(ops::conv2d_forward(x, weight, {}, {}).to_vector<double>(),
            std::vector<double>(before.numel(), 0.0));
}

TEST_P(Conv2dOnDevice, passes_nan_on) {
  Tensor x = random_tensor({1, 4, 4, 4}, DType::float32, 1);
  x.mutable_data<float>()[5 * 4] = NAN;
  const Tensor w = random_tensor({4, 4, 3, 3}, DType::float32, 2).to(GetParam());
  const auto y =
      ops::conv2d_forward(x.to(GetParam()), ops::Conv2dWeight(w), {}, {.padding = 1, .relu = true});
  const auto values = y.to_vector<float>();
  for (int pixel : {0, 1, 2, 4, 5, 6, 8, 9, 10}) EXPECT_TRUE(std::isnan(values[pixel * 4])) << pixel;
  for (int pixel : {3, 7, 11, 12, 15}) EXPECT_FALSE(std::isnan(values[pixel * 4])) << pixel;
}

INSTANTIATE_TEST_SUITE_P(devices, Conv2dOnDevice, ::testing::ValuesIn(testing::devices()));

TEST(Conv2dErrors, name_the_shapes) {
  const Tensor x = Tensor::zeros({1, 8, 8, 64});
  EXPECT_INVALID(ops::conv2d_forward(x, ops::Conv2dWeight(Tensor::zeros({128, 3, 3, 3})), {}, {}),
                 "conv2d: weight must be (K, 64, R, S), got (128, 3, 3, 3)");
  EXPECT_INVALID(ops::conv2d_forward(x, ops::Conv2dWeight(Tensor::zeros({8, 64, 9, 9})), {}, {}),
                 "smaller than the 9x9 kernel");
  EXPECT_INVALID(
      ops::conv2d_forward(x, ops::Conv2dWeight(Tensor::zeros({8, 64, 3, 3})), Tensor::zeros({7}), {}),
      "bias must be (8)");
}

const bool registered = testing::register_gradchecks(
    {
        {"conv2d",
         [](const auto& v) { return autograd::conv2d(v[0], v[1], v[2], {.padding = 1}); },
         {random_tensor({1, 6, 5, 3}, DType::float64, 1), random_tensor({4, 3, 3, 3}, DType::float64, 2),
          random_tensor({4}, DType::float64, 3)},
         {}},
        {"conv2d_stride2",
         [](const auto& v) { return autograd::conv2d(v[0], v[1], {}, {.stride = 2, .padding = 2}); },
         {random_tensor({2, 7, 6, 2}, DType::float64, 1), random_tensor({3, 2, 5, 3}, DType::float64, 2)},
         {}},
        {"conv2d_relu",
         [](const auto& v) { return autograd::conv2d(v[0], v[1], v[2], {.padding = 1, .relu = true}); },
         {random_tensor({1, 4, 4, 2}, DType::float64, 5), random_tensor({3, 2, 3, 3}, DType::float64, 6),
          random_tensor({3}, DType::float64, 7)},
         {}},
    },
    testing::devices());

// Every element of every input costs two evaluations; the CPU alone can afford so many.
const bool registered_on_cpu = testing::register_gradchecks({
    {"conv2d_winograd",
     [](const auto& v) { return autograd::conv2d(v[0], v[1], v[2], {.padding = 1}); },
     {random_tensor({1, 5, 6, 17}, DType::float64, 8), random_tensor({18, 17, 3, 3}, DType::float64, 9),
      random_tensor({18}, DType::float64, 10)},
     {}},
});

}  // namespace
}  // namespace nst
