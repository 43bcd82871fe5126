#include "nst/loss_curve.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "nst/image.h"
#include "tensor/file.h"
#include "tests/support.h"

namespace nst {
namespace {

std::filesystem::path scratch(const std::string& name) {
  return std::filesystem::path(::testing::TempDir()) / name;
}

TEST(LossCurve, csv_holds_every_number) {
  const auto path = scratch("curve.csv");
  write_curve_csv(path, {{"total", {3, 2, 1.5}}, {"style", {1, 0.25}}});
  const auto bytes = read_file(path, 1000);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
            "iteration,total,style\n1,3,1\n2,2,0.25\n3,1.5,\n");
}

TEST(LossCurve, csv_is_read_back) {
  const auto path = scratch("read.csv");
  write_curve_csv(path, {{"total", {3, 2, 1e-12}}, {"style", {1, 0.25}}});
  const auto columns = read_curve_csv(path);
  ASSERT_EQ(columns.size(), 2u);
  EXPECT_EQ(columns[0].name, "total");
  EXPECT_EQ(columns[0].values, (std::vector<double>{3, 2, 1e-12}));
  EXPECT_EQ(columns[1].name, "style");
  ASSERT_EQ(columns[1].values.size(), 3u);
  EXPECT_EQ(columns[1].values[1], 0.25);
  EXPECT_TRUE(std::isnan(columns[1].values[2]));
}

TEST(LossCurve, csv_of_something_else_is_refused) {
  const auto path = scratch("other.csv");
  const auto refuses = [&](const std::string& text, const std::string& part) {
    write_file_atomically(path, text);
    EXPECT_FAILURE(read_curve_csv(path), part);
  };
  refuses("", "line 1");
  refuses("iteration\n", "line 1");
  refuses("time,total\n1,2\n", "line 1");
  refuses("iteration,total\n1,2\n2,x\n", "line 3");
  refuses("iteration,total\n1,2,3\n", "line 2");
  refuses("iteration,total\n1\n", "line 2");
  EXPECT_FAILURE(read_curve_csv("/nonexistent/curve.csv"), "curve.csv");
}

TEST(LossCurve, png_shows_a_falling_curve) {
  const auto path = scratch("curve.png");
  std::vector<double> falling;
  for (int i = 1; i <= 100; ++i) falling.push_back(1e6 / i);
  falling[50] = NAN;  // leaves a gap, not a crash
  write_curve_png(path, "a run", {{"total", falling}, {"tv", std::vector<double>(100, 0)}});
  const Tensor picture = load_image(path);
  // The curve is the only black on the plot: on the left it is high up, on the right far down.
  const auto v = picture.to_vector<float>();
  const int64_t h = picture.size(1), w = picture.size(2);
  const auto lowest_black = [&](int64_t column) {
    int64_t row = -1;
    for (int64_t i = h / 8; i < h * 8 / 9; ++i) {
      if (v[(i * w + column) * 3] < 0.2f && v[(i * w + column) * 3 + 2] < 0.2f) row = i;
    }
    return row;
  };
  EXPECT_GT(lowest_black(w / 8), 0);
  EXPECT_GT(lowest_black(w * 9 / 10), lowest_black(w / 8) + h / 4);
}

TEST(LossCurve, refuses_nothing_and_bad_places) {
  EXPECT_INVALID(write_curve_png(scratch("none.png"), "", {{"tv", {0, 0}}}), "no positive value");
  EXPECT_THROW(write_curve_csv("/nonexistent/curve.csv", {{"total", {1}}}), std::runtime_error);
}

}  // namespace
}  // namespace nst
