#include "tensor/ops/lbfgs.h"

#include <gtest/gtest.h>

#include "tensor/ops/elementwise.h"
#include "tensor/ops/reduce.h"
#include "tests/support.h"

namespace nst {
namespace {

using testing::random_tensor;

struct Case {
  int64_t count, pairs;
};

class LbfgsDirection : public ::testing::TestWithParam<std::tuple<Case, DType, Device>> {
 protected:
  static std::vector<ops::LbfgsPair> random_pairs(const Case& c, DType dtype, Device device) {
    std::vector<ops::LbfgsPair> pairs;
    for (int64_t i = 0; i < c.pairs; ++i) {
      const Tensor s = random_tensor({c.count}, dtype, 2 * i + 1).to(device);
      // Curvature near 1, as that of a bowl.
      const Tensor y = ops::add(s, ops::affine(random_tensor({c.count}, dtype, 2 * i + 2).to(device), 0.1));
      pairs.push_back({s, y, 1 / ops::dot(y, s).item()});
    }
    return pairs;
  }
};

// The recursion as it is written, by ops that are tested elsewhere.
Tensor by_the_book(const std::vector<ops::LbfgsPair>& pairs, double scale, const Tensor& grad) {
  Tensor d = ops::affine(grad, -1);
  std::vector<double> a(pairs.size());
  for (size_t i = pairs.size(); i-- > 0;) {
    a[i] = ops::dot(pairs[i].s, d).item();
    ops::axpy(-pairs[i].rho * a[i], pairs[i].y, d);
  }
  d = ops::affine(d, scale);
  for (size_t i = 0; i < pairs.size(); ++i)
    ops::axpy(pairs[i].rho * (a[i] - ops::dot(pairs[i].y, d).item()), pairs[i].s, d);
  return d;
}

TEST_P(LbfgsDirection, is_the_recursion) {
  const auto& [c, dtype, device] = GetParam();
  const Tensor grad = random_tensor({c.count}, dtype, 0);
  const auto on_cpu = random_pairs(c, dtype, kCpu);
  auto pairs = on_cpu;
  for (auto& pair : pairs) pair = {pair.s.to(device), pair.y.to(device), pair.rho};
  const Tensor expected = by_the_book(on_cpu, 0.75, grad),
               direction = ops::lbfgs_direction(pairs, 0.75, grad.to(device));
  if (device == kCpu) {
    EXPECT_EQ(direction.to_vector<double>(), expected.to_vector<double>());
  } else {
    EXPECT_CLOSE(direction.to_vector<double>(), expected.to_vector<double>(),
                 dtype == DType::float32 ? 1e-5 : 1e-13);
  }
}

// One, several and more than all blocks' elements; a step for which each buffer of partial sums is used
// twice.
INSTANTIATE_TEST_SUITE_P(sizes, LbfgsDirection,
                         ::testing::Combine(::testing::Values(Case{1, 1}, Case{33, 3}, Case{65 * 17, 0},
                                                              Case{65 * 17, 4}, Case{50001, 2}),
                                            ::testing::Values(DType::float32, DType::float64),
                                            ::testing::ValuesIn(testing::devices())));

class LbfgsDirectionOn : public ::testing::TestWithParam<Device> {};

// One pair with y = s / 2 and its own scale is an exact inverse: H = 2 I.
TEST_P(LbfgsDirectionOn, inverts_a_quadratic) {
  const Tensor s = random_tensor({100}, DType::float64, 1).to(GetParam()), y = ops::affine(s, 0.5),
               grad = random_tensor({100}, DType::float64, 2).to(GetParam());
  const ops::LbfgsPair pair{s, y, 1 / ops::dot(y, s).item()};
  EXPECT_CLOSE(ops::lbfgs_direction({&pair, 1}, 2, grad), ops::affine(grad, -2), 1e-14);
}

TEST_P(LbfgsDirectionOn, passes_nan_on) {
  const Tensor s = random_tensor({100}, DType::float32, 1).to(GetParam());
  Tensor nan = s.clone();
  nan.fill(NAN);
  for (const ops::LbfgsPair& pair : {ops::LbfgsPair{nan, s, 1}, ops::LbfgsPair{s, nan, 1}}) {
    for (const double v : ops::lbfgs_direction({&pair, 1}, 1, s).to_vector<double>())
      EXPECT_TRUE(std::isnan(v));
  }
}

INSTANTIATE_TEST_SUITE_P(devices, LbfgsDirectionOn, ::testing::ValuesIn(testing::devices()));

TEST(LbfgsDirectionErrors, refuses_pairs_that_do_not_fit) {
  const Tensor grad = Tensor::zeros({4}), other = Tensor::zeros({5});
  const ops::LbfgsPair wrong_s{other, grad, 1}, wrong_y{grad, other, 1};
  EXPECT_INVALID(ops::lbfgs_direction({&wrong_s, 1}, 1, grad), "lbfgs_direction: operands must agree");
  EXPECT_INVALID(ops::lbfgs_direction({&wrong_y, 1}, 1, grad), "lbfgs_direction: operands must agree");
}

}  // namespace
}  // namespace nst
