// Every algorithm of conv2d against the `gemm` one in double, which conv2d_test holds against the definition.
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <tuple>
#include <vector>

#include "kernels/conv2d.h"
#include "tests/support.h"

namespace nst {
namespace {

using kernels::Conv2dAlgorithm;
using kernels::Conv2dShape;

constexpr kernels::CpuContext kContext;

std::vector<double> random_values(int64_t count, uint64_t seed) {
  return testing::random_tensor({count}, DType::float64, seed).to_vector<double>();
}

template <class T>
std::vector<T> unwritten(int64_t count) {
  return std::vector<T>(static_cast<size_t>(count), std::numeric_limits<T>::quiet_NaN());
}

struct Results {
  std::vector<double> y, rectified, grad_x, grad_x_gated, grad_w;
};

// All directions of one convolution by one algorithm, from values rounded to float, in T's arithmetic.
template <class T>
Results run(const Conv2dShape& shape, Conv2dAlgorithm algorithm) {
  const auto rounded = [](int64_t count, uint64_t seed) {
    const auto values = random_values(count, seed);
    const std::vector<float> narrow(values.begin(), values.end());
    return std::vector<T>(narrow.begin(), narrow.end());
  };
  const auto x = rounded(shape.in_numel(), 1), w = rounded(shape.k * shape.c * shape.r * shape.s, 2),
             bias = rounded(shape.k, 3), grad_y = rounded(shape.out_numel(), 4);
  auto packed = unwritten<T>(conv2d_packed_numel(shape, algorithm));
  auto y = unwritten<T>(shape.out_numel()), rectified = y;
  auto grad_x = unwritten<T>(shape.in_numel()), grad_x_gated = grad_x,
       grad_w = unwritten<T>(static_cast<int64_t>(w.size()));
  conv2d_pack_forward(kContext, shape, algorithm, w.data(), packed.data());
  conv2d_forward<T>(kContext, shape, algorithm, x.data(), packed.data(), nullptr, false, y.data());
  conv2d_forward<T>(kContext, shape, algorithm, x.data(), packed.data(), bias.data(), true, rectified.data());
  packed = unwritten<T>(conv2d_packed_backward_numel(shape, algorithm));
  conv2d_pack_backward_input(kContext, shape, algorithm, w.data(), packed.data());
  conv2d_backward_input(kContext, shape, algorithm, grad_y.data(), static_cast<const T*>(nullptr),
                        packed.data(), grad_x.data());
  const auto gate = rounded(shape.out_numel(), 5);
  conv2d_backward_input(kContext, shape, algorithm, grad_y.data(), gate.data(), packed.data(),
                        grad_x_gated.data());
  conv2d_backward_weight(kContext, shape, algorithm, x.data(), grad_y.data(), grad_w.data());
  const auto wide = [](const std::vector<T>& v) { return std::vector<double>(v.begin(), v.end()); };
  return {wide(y), wide(rectified), wide(grad_x), wide(grad_x_gated), wide(grad_w)};
}

void expect_close(const Results& results, const Results& expected, double tolerance) {
  EXPECT_CLOSE(results.y, expected.y, tolerance);
  EXPECT_CLOSE(results.rectified, expected.rectified, tolerance);
  EXPECT_CLOSE(results.grad_x, expected.grad_x, tolerance);
  EXPECT_CLOSE(results.grad_x_gated, expected.grad_x_gated, tolerance);
  EXPECT_CLOSE(results.grad_w, expected.grad_w, tolerance);
}

class Winograd : public ::testing::TestWithParam<Conv2dShape> {};

TEST_P(Winograd, agrees_with_gemm) {
  const Results expected = run<double>(GetParam(), Conv2dAlgorithm::gemm);
  testing::for_each_cpu_variant([&] {
    expect_close(run<double>(GetParam(), Conv2dAlgorithm::winograd4), expected, 1e-11);
    expect_close(run<float>(GetParam(), Conv2dAlgorithm::winograd4), expected, 1e-4);
  });
}

// n, h, w, c, k, r, s, stride, pad: sizes around the tile (4), the patch (6), a vector and a panel of
// channels, and a block of tiles.
INSTANTIATE_TEST_SUITE_P(
    shapes, Winograd,
    ::testing::Values(Conv2dShape{1, 1, 1, 1, 1, 3, 3, 1, 1}, Conv2dShape{1, 3, 3, 2, 3, 3, 3, 1, 0},
                      Conv2dShape{1, 4, 4, 8, 8, 3, 3, 1, 1}, Conv2dShape{2, 5, 7, 9, 17, 3, 3, 1, 1},
                      Conv2dShape{1, 6, 6, 16, 16, 3, 3, 1, 0}, Conv2dShape{3, 8, 9, 3, 64, 3, 3, 1, 1},
                      Conv2dShape{1, 13, 10, 31, 33, 3, 3, 1, 2}, Conv2dShape{1, 33, 1, 5, 4, 3, 3, 1, 1},
                      Conv2dShape{1, 2, 40, 12, 20, 3, 3, 1, 1}, Conv2dShape{1, 9, 9, 4, 6, 3, 3, 1, 4},
                      Conv2dShape{2, 30, 31, 24, 65, 3, 3, 1, 1}, Conv2dShape{1, 65, 17, 70, 15, 3, 3, 1, 0},
                      Conv2dShape{1, 16, 16, 160, 144, 3, 3, 1, 1},
                      Conv2dShape{1, 61, 66, 16, 16, 3, 3, 1, 1},
                      Conv2dShape{1, 14, 19, 24, 18, 3, 3, 1, 1, kernels::PaddingMode::reflect}));

TEST(Winograd, passes_nan_on) {
  // A broken pixel must stay visible through the transforms and the ReLU.
  const Conv2dShape shape{1, 12, 12, 16, 16, 3, 3, 1, 1};
  auto x = std::vector<float>(static_cast<size_t>(shape.in_numel()), 1.0f);
  x[static_cast<size_t>((6 * 12 + 6) * 16)] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> w(16 * 16 * 9, 1.0f);
  std::vector<float> packed(static_cast<size_t>(conv2d_packed_numel(shape, Conv2dAlgorithm::winograd4)));
  std::vector<float> y(static_cast<size_t>(shape.out_numel()), 0.0f);
  conv2d_pack_forward(kContext, shape, Conv2dAlgorithm::winograd4, w.data(), packed.data());
  testing::for_each_cpu_variant([&] {
    conv2d_forward<float>(kContext, shape, Conv2dAlgorithm::winograd4, x.data(), packed.data(), nullptr, true,
                          y.data());
    EXPECT_TRUE(std::isnan(y[(6 * 12 + 6) * 16]));
  });
}

class Direct : public ::testing::TestWithParam<Conv2dShape> {};

TEST_P(Direct, agrees_with_gemm) {
  const Results expected = run<double>(GetParam(), Conv2dAlgorithm::gemm);
  testing::for_each_cpu_variant([&] {
    expect_close(run<double>(GetParam(), Conv2dAlgorithm::direct), expected, 1e-12);
    expect_close(run<float>(GetParam(), Conv2dAlgorithm::direct), expected, 1e-5);
  });
}

INSTANTIATE_TEST_SUITE_P(
    shapes, Direct,
    ::testing::Values(Conv2dShape{1, 1, 1, 1, 1, 1, 1, 1, 0}, Conv2dShape{2, 33, 17, 3, 64, 3, 3, 1, 1},
                      Conv2dShape{2, 17, 33, 64, 3, 3, 3, 1, 1}, Conv2dShape{1, 24, 130, 3, 32, 9, 9, 1, 4},
                      Conv2dShape{1, 24, 203, 32, 3, 9, 9, 1, 0},  // more than one block of pixels
                      Conv2dShape{1, 19, 22, 8, 33, 3, 3, 2, 1}, Conv2dShape{1, 21, 20, 5, 8, 3, 3, 2, 0},
                      Conv2dShape{3, 9, 7, 17, 9, 1, 1, 1, 0}, Conv2dShape{1, 13, 12, 4, 6, 5, 2, 1, 1},
                      Conv2dShape{1, 12, 12, 3, 2, 2, 2, 4, 0},
                      Conv2dShape{2, 14, 103, 3, 17, 9, 9, 1, 4, kernels::PaddingMode::reflect}));

TEST(Conv2dAlgorithm, is_winograd_where_it_pays) {
  EXPECT_EQ(conv2d_algorithm(kContext, {1, 64, 64, 64, 64, 3, 3, 1, 1}), Conv2dAlgorithm::winograd4);
  EXPECT_EQ(conv2d_algorithm(kContext, {1, 64, 64, 3, 64, 3, 3, 1, 1}), Conv2dAlgorithm::direct);
  EXPECT_EQ(conv2d_algorithm(kContext, {1, 64, 64, 64, 64, 3, 3, 2, 1}), Conv2dAlgorithm::direct);
  EXPECT_EQ(conv2d_algorithm(kContext, {1, 64, 64, 64, 64, 1, 1, 1, 0}), Conv2dAlgorithm::direct);
  EXPECT_EQ(conv2d_algorithm(kContext, {1, 9, 9, 4, 6, 3, 3, 1, 4}), Conv2dAlgorithm::gemm);
}

}  // namespace
}  // namespace nst
