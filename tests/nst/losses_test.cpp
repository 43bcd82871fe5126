#include "nst/losses.h"

#include <gtest/gtest.h>

#include "tests/support.h"

namespace nst {
namespace {

using testing::random_tensor;

TEST(Losses, names_parse_back) {
  for (const auto name : style_normalisation_names())
    EXPECT_EQ(name_of(parse_style_normalisation(name)), name);
  for (const auto name : content_normalisation_names())
    EXPECT_EQ(name_of(parse_content_normalisation(name)), name);
  EXPECT_INVALID(parse_style_normalisation("gaty"), "'gaty' is not one of gatys, gatys_notebook");
}

TEST(StyleLoss, every_normalisation_is_its_formula) {
  const int64_t h = 4, w = 5, c = 3;
  const Tensor features = random_tensor({1, h, w, c}, DType::float64, 1),
               other = random_tensor({1, h, w, c}, DType::float64, 2);
  const PictureSize picture{8, 10};
  // sum over all pairs of channels of the squared difference of unnormalised Grams
  const auto f = features.to_vector<double>(), p = other.to_vector<double>();
  double sum = 0;
  for (int64_t i = 0; i < c; ++i) {
    for (int64_t j = 0; j < c; ++j) {
      double difference = 0;
      for (int64_t m = 0; m < h * w; ++m)
        difference += f[m * c + i] * f[m * c + j] - p[m * c + i] * p[m * c + j];
      sum += difference * difference;
    }
  }
  const double m = h * w, channels = c;
  const auto expect = [&](StyleNormalisation n, double factor) {
    const Tensor target = style_gram(autograd::Variable(other), n).value();
    const double loss =
        style_loss(style_gram(autograd::Variable(features), n), target, n, picture).value().item();
    EXPECT_NEAR(loss, factor * sum, 1e-12 * loss) << name_of(n);
  };
  expect(StyleNormalisation::gatys, 1 / (4 * channels * channels * m * m));
  expect(StyleNormalisation::gatys_notebook, 1e3 / (channels * channels) / (channels * channels) / (m * m));
  expect(StyleNormalisation::neural_style, 1 / (channels * channels) / (channels * channels * m * m));
  expect(StyleNormalisation::titu1994, 1 / (4.0 * 9 * 80 * 80));
}

TEST(ContentLoss, every_normalisation_is_its_formula) {
  const Tensor a = random_tensor({1, 4, 5, 3}, DType::float64, 1),
               b = random_tensor({1, 4, 5, 3}, DType::float64, 2);
  const auto as = a.to_vector<double>(), bs = b.to_vector<double>();
  double sum = 0;
  for (size_t i = 0; i < as.size(); ++i) sum += (as[i] - bs[i]) * (as[i] - bs[i]);
  const auto expect = [&](ContentNormalisation n, double factor) {
    const double loss = content_loss(autograd::Variable(a), b, n, {8, 10}).value().item();
    EXPECT_NEAR(loss, factor * sum, 1e-12 * loss) << name_of(n);
  };
  expect(ContentNormalisation::mean, 1.0 / 60);
  expect(ContentNormalisation::gatys, 0.5);
  expect(ContentNormalisation::titu1994_type0, 1);
  expect(ContentNormalisation::titu1994_type1, 1 / (2 * std::sqrt(3.0) * std::sqrt(80.0)));
  expect(ContentNormalisation::titu1994_type2, 1 / (3 * 80.0));
}

}  // namespace
}  // namespace nst
