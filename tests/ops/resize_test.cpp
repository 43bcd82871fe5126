// Agreement with PyTorch's resampling is in tests/golden; here, what can be said without it.
#include "autograd/ops/resize.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>

#include "tests/support.h"

namespace nst {
namespace {

using ops::ResizeMode;
using testing::random_tensor;

class Resize : public ::testing::TestWithParam<Device> {};

TEST_P(Resize, looks_where_it_says) {
  const auto resize_row = [](const std::vector<double>& row, int64_t width, const ops::ResizeParams& params) {
    const Tensor x = Tensor::from<double>({1, 1, static_cast<int64_t>(row.size()), 1}, row, GetParam());
    return ops::resize_forward(x, 1, width, params).to_vector<double>();
  };
  EXPECT_EQ(resize_row({1, 2, 3}, 7, {.mode = ResizeMode::nearest}),
            (std::vector<double>{1, 1, 1, 2, 2, 3, 3}));
  EXPECT_EQ(resize_row({1, 3}, 4, {}), (std::vector<double>{1, 1.5, 2.5, 3}));
  // without antialias a reduction by 4 sees only the two pixels around each centre
  EXPECT_EQ(resize_row({0, 1, 1, 8, 0, 2, 4, 9}, 2, {}), (std::vector<double>{1, 3}));
  EXPECT_CLOSE(resize_row({5, 5, 5, 5, 5, 5, 5}, 3, {.antialias = true}), (std::vector<double>{5, 5, 5}),
               1e-15);
}

INSTANTIATE_TEST_SUITE_P(devices, Resize, ::testing::ValuesIn(testing::devices()));

class ResizeSizes : public ::testing::TestWithParam<std::tuple<DType, bool, Device>> {};

TEST_P(ResizeSizes, keep_constants_ramps_and_identity) {
  const auto& [dtype, antialias, device] = GetParam();
  for (const auto& [h, w] : {std::pair{1, 1}, {33, 17}, {65, 40}}) {
    for (const auto& [out_h, out_w] : {std::pair{1, 1}, {33, 17}, {20, 90}}) {
      const Tensor flat = Tensor::full({2, h, w, 3}, 0.75, dtype, device);
      for (const auto mode : {ResizeMode::nearest, ResizeMode::bilinear}) {
        const Tensor y = ops::resize_forward(flat, out_h, out_w, {mode, antialias});
        EXPECT_CLOSE(y, Tensor::full({2, out_h, out_w, 3}, 0.75, dtype),
                     dtype == DType::float32 ? 5e-6 : 1e-14);
      }
    }
    const Tensor x = random_tensor({1, h, w, 3}, dtype, 4).to(device);
    EXPECT_CLOSE(ops::resize_forward(x, h, w, {.antialias = antialias}), x, 1e-12);
  }
}

INSTANTIATE_TEST_SUITE_P(all, ResizeSizes,
                         ::testing::Combine(::testing::Values(DType::float32, DType::float64),
                                            ::testing::Bool(), ::testing::ValuesIn(testing::devices())));

// The adjoint: <resize(x), g> = <x, resize_backward(g)>, where every weight counts.
TEST_P(ResizeSizes, backward_is_the_adjoint_at_odd_sizes) {
  const auto& [dtype, antialias, device] = GetParam();
  const auto product = [](const Tensor& a, const Tensor& b) {
    const auto as = a.to_vector<double>(), bs = b.to_vector<double>();
    return std::inner_product(as.begin(), as.end(), bs.begin(), 0.0);
  };
  for (const auto& [h, w, out_h, out_w] : {std::array{1, 1, 3, 33}, {65, 17, 33, 40}, {17, 65, 4, 5}}) {
    const Tensor x = random_tensor({2, h, w, 5}, dtype, 6).to(device),
                 g = random_tensor({2, out_h, out_w, 5}, dtype, 7).to(device);
    for (const auto mode : {ResizeMode::nearest, ResizeMode::bilinear}) {
      const Tensor y = ops::resize_forward(x, out_h, out_w, {mode, antialias}),
                   grad_x = ops::resize_backward(g, x.shape(), {mode, antialias});
      EXPECT_NEAR(product(y, g), product(x, grad_x), dtype == DType::float32 ? 1e-3 : 1e-12);
      if (device == kCpu) continue;
      EXPECT_CLOSE(y, ops::resize_forward(x.to(kCpu), out_h, out_w, {mode, antialias}), 1e-6);
      EXPECT_CLOSE(grad_x, ops::resize_backward(g.to(kCpu), x.shape(), {mode, antialias}), 1e-6);
    }
  }
}

TEST(ResizeErrors, name_the_sizes) {
  EXPECT_INVALID(ops::resize_forward(Tensor::zeros({1, 2, 2, 3}), 0, 4), "must be positive, got 4x0");
  EXPECT_INVALID(ops::resize_forward(Tensor::zeros({2, 2}), 1, 1), "(N, H, W, C)");
}

testing::GradcheckCase gradcheck(const std::string& name, Shape shape, int64_t h, int64_t w,
                                 ops::ResizeParams params) {
  return {"resize_" + name,
          [=](const auto& v) { return autograd::resize(v[0], h, w, params); },
          {random_tensor(shape, DType::float64, 5)},
          {}};
}

const bool registered = testing::register_gradchecks(
    {
        gradcheck("nearest_double", {2, 3, 4, 2}, 6, 8, {.mode = ResizeMode::nearest}),
        gradcheck("nearest_down", {1, 7, 5, 2}, 3, 2, {.mode = ResizeMode::nearest}),
        gradcheck("bilinear_up", {1, 3, 4, 2}, 7, 9, {}),
        gradcheck("bilinear_down", {1, 9, 8, 2}, 4, 3, {}),
        gradcheck("bilinear_antialias", {1, 9, 8, 2}, 4, 3, {.antialias = true}),
    },
    testing::devices());

}  // namespace
}  // namespace nst
