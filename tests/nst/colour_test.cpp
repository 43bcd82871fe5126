#include "nst/colour.h"

#include <gtest/gtest.h>

#include "tests/support.h"

namespace nst {
namespace {

TEST(WithColoursOf, keeps_chroma_and_takes_luma) {
  const Tensor content = testing::random_tensor({1, 5, 7, 3}, DType::float32, 1, 0.4, 0.6);
  const Tensor stylised = testing::random_tensor({1, 5, 7, 3}, DType::float32, 2, 0.4, 0.6);
  const auto c = content.to_vector<double>(), s = stylised.to_vector<double>(),
             y = with_colours_of(stylised, content).to_vector<double>();
  const auto luma = [](const std::vector<double>& v, size_t i) {
    return 0.299 * v[i] + 0.587 * v[i + 1] + 0.114 * v[i + 2];
  };
  for (size_t i = 0; i < y.size(); i += 3) {
    EXPECT_NEAR(luma(y, i), luma(s, i), 1e-6);
    EXPECT_NEAR(y[i + 2] - luma(y, i), c[i + 2] - luma(c, i), 1e-6);  // Cb
    EXPECT_NEAR(y[i] - luma(y, i), c[i] - luma(c, i), 1e-6);          // Cr
  }
}

TEST(WithColoursOf, refuses_other_shapes) {
  EXPECT_INVALID(with_colours_of(Tensor::zeros({1, 2, 2, 3}), Tensor::zeros({1, 2, 3, 3})),
                 "operands must agree");
}

}  // namespace
}  // namespace nst
