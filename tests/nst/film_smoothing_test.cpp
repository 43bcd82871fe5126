#include "nst/film_smoothing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support.h"

namespace nst {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Tensor grey(double value, int64_t height = 12, int64_t width = 20) {
  return Tensor::full({1, height, width, 3}, value);
}

float first(const Tensor& x) { return x.to_vector<float>().front(); }

TEST(FilmSmoothing, still_pixels_are_a_moving_average) {
  FilmSmoothing smooth({.strength = 0.75});
  EXPECT_EQ(first(smooth(grey(0.5), grey(0.2))), 0.2f);
  // w = S: 0.25 0.6 + 0.75 0.2, then 0.25 0.6 + 0.75 0.3.
  EXPECT_NEAR(first(smooth(grey(0.5), grey(0.6))), 0.3f, 1e-6f);
  EXPECT_NEAR(first(smooth(grey(0.5), grey(0.6))), 0.375f, 1e-6f);
}

TEST(FilmSmoothing, follows_its_formula_where_the_input_changes) {
  FilmSmoothing smooth({.strength = 0.8, .tolerance = 0.1});
  smooth(grey(0.5), grey(0));
  const double w = 0.8 * std::exp(-0.05 * 0.05 / 0.01);
  EXPECT_NEAR(first(smooth(grey(0.55), grey(1))), 1 - w, 1e-6);
  // The reference has followed by 1 - w.
  const double r = 0.55 + w * (0.5 - 0.55), w2 = 0.8 * std::exp(-(0.6 - r) * (0.6 - r) / 0.01);
  EXPECT_NEAR(first(smooth(grey(0.6), grey(1))), 1 - w2 * w, 1e-6);
}

TEST(FilmSmoothing, looks_through_a_window_cut_at_the_edges) {
  const int64_t h = 5, w = 7;
  Tensor input = grey(0, h, w);
  FilmSmoothing smooth({.strength = 1, .tolerance = 0.5, .radius = 2});
  smooth(input, grey(0, h, w));
  auto values = input.to_vector<float>();
  values[0] = 1;  // red of the corner
  const Tensor result = smooth(Tensor::from<float>(input.shape(), values), grey(1, h, w));
  const auto out = result.to_vector<float>();
  for (int64_t y = 0; y < h; ++y) {
    for (int64_t x = 0; x < w; ++x) {
      const int64_t rows = std::min(y + 2, h - 1) - std::max<int64_t>(y - 2, 0) + 1;
      const int64_t columns = std::min(x + 2, w - 1) - std::max<int64_t>(x - 2, 0) + 1;
      const double m = y <= 2 && x <= 2 ? 1.0 / 3 / static_cast<double>(rows * columns) : 0;
      const double expected = 1 - std::exp(-m / 0.25);
      EXPECT_TRUE(std::fabs(out[(y * w + x) * 3 + 1] - expected) <= 1e-6) << y << " " << x;
    }
  }
}

TEST(FilmSmoothing, leaves_a_cut_and_a_strength_of_0_alone) {
  FilmSmoothing smooth;
  smooth(grey(0.1), grey(0.1));
  EXPECT_NEAR(first(smooth(grey(0.9), grey(0.7))), 0.7f, 1e-6f);
  EXPECT_EQ(first(smooth(grey(0.9, 8, 8), grey(0.3, 8, 8))), 0.3f);  // another size
  FilmSmoothing none({.strength = 0});
  none(grey(0.5), grey(0.1));
  EXPECT_EQ(first(none(grey(0.5), grey(0.9))), 0.9f);
}

// What moves slowly is different from what the result shows in the end, though never from the picture before.
TEST(FilmSmoothing, slow_changes_leave_no_ghost) {
  FilmSmoothing smooth({.strength = 0.9});
  double shown = 0;
  for (int t = 0; t <= 100; ++t) {
    const double value = 0.2 + 0.006 * t;
    shown = first(smooth(grey(value), grey(value)));
    EXPECT_LT(value - shown, 0.06) << t;
  }
}

TEST(FilmSmoothing, refuses_what_makes_no_sense) {
  for (const SmoothingOptions& bad : {SmoothingOptions{.strength = 1.1}, SmoothingOptions{.strength = kNan},
                                      SmoothingOptions{.tolerance = 0}, SmoothingOptions{.radius = -1}}) {
    EXPECT_INVALID(FilmSmoothing{bad}, "film_smoothing");
  }
  FilmSmoothing smooth;
  EXPECT_INVALID(smooth(grey(0), grey(0, 5, 5)), "film_smoothing");
}

}  // namespace
}  // namespace nst
