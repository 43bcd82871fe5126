#include "nst/colour_statistics.h"

#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <random>

#include "tests/support.h"

namespace nst {
namespace {

using Eigen::Matrix3d, Eigen::Vector3d;

Matrix3d covariance(uint64_t seed) {
  const auto v = testing::random_tensor({3, 3}, DType::float64, seed).to_vector<double>();
  const Matrix3d m = Eigen::Map<const Matrix3d>(v.data());
  return 0.05 * m * m.transpose() + 0.002 * Matrix3d::Identity();
}

double distance(const Matrix3d& a, const Matrix3d& b) { return (a - b).cwiseAbs().maxCoeff(); }

std::vector<float> channel_of(const Tensor& picture, int channel) {
  std::vector<float> values;
  for (int64_t i = channel; i < picture.numel(); i += 3) values.push_back(picture.data<float>()[i]);
  return values;
}

std::vector<float> sorted(std::vector<float> values) {
  std::ranges::sort(values);
  return values;
}

TEST(ColourStatistics, are_the_definition) {
  const Tensor picture = testing::random_tensor({1, 33, 65, 3}, DType::float32, 1, 0, 1);
  const Tensor mask = testing::random_tensor({33, 65}, DType::float32, 2, 0, 1);
  const auto x = picture.to_vector<double>(), w = mask.to_vector<double>();
  double weight = 0;
  Vector3d mean = Vector3d::Zero();
  Matrix3d moment = Matrix3d::Zero();
  for (size_t i = 0; i < w.size(); ++i) weight += w[i], mean += w[i] * Eigen::Map<const Vector3d>(&x[3 * i]);
  mean /= weight;
  for (size_t i = 0; i < w.size(); ++i) {
    const Vector3d d = Eigen::Map<const Vector3d>(&x[3 * i]) - mean;
    moment += w[i] / weight * d * d.transpose();
  }
  const auto statistics = colour_statistics(picture, mask);
  EXPECT_LE((statistics.mean - mean).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_LE(distance(statistics.covariance, moment), 1e-9);
}

TEST(ColourStatistics, leave_out_what_the_mask_hides) {
  const Tensor picture = Tensor::from<float>({1, 1, 3, 3}, {0.1f, 0.2f, 0.3f, 9, 9, 9, 0.3f, 0.2f, 0.1f});
  const Tensor mask = Tensor::from<float>({1, 3}, std::vector<float>{1, 0, 1});
  EXPECT_LE((colour_statistics(picture, mask).mean - Vector3d(0.2, 0.2, 0.2)).cwiseAbs().maxCoeff(), 1e-7);
}

TEST(ColourMaps, carry_one_covariance_into_the_other) {
  for (uint64_t seed = 1; seed < 20; ++seed) {
    const Matrix3d from = covariance(seed), to = covariance(100 + seed);
    for (const auto map : {coral_map, mk_map}) {
      const Matrix3d a = map(from, to);
      EXPECT_LE(distance(a * from * a.transpose(), to), 1e-12);
    }
  }
}

// The gradient of a convex function, which is what makes it the cheapest: symmetric with no negative
// eigenvalue.
TEST(ColourMaps, mk_is_symmetric_and_moves_less_than_coral) {
  const Matrix3d from = covariance(1), to = covariance(2);
  const Matrix3d mk = mk_map(from, to), coral = coral_map(from, to);
  EXPECT_LE(distance(mk, mk.transpose()), 1e-12);
  EXPECT_GT(distance(coral, coral.transpose()), 1e-3);
  EXPECT_GT(mk.selfadjointView<Eigen::Lower>().eigenvalues().minCoeff(), 0);
  // E |A x - x|^2 = tr((A - I) S (A - I)^T)
  const auto cost = [&](const Matrix3d& a) {
    const Matrix3d d = a - Matrix3d::Identity();
    return (d * from * d.transpose()).trace();
  };
  EXPECT_LT(cost(mk), cost(coral));
  // The Bures distance, its closed form: tr(S + T - 2 (S^1/2 T S^1/2)^1/2).
  const Eigen::SelfAdjointEigenSolver<Matrix3d> s(from);
  const Eigen::SelfAdjointEigenSolver<Matrix3d> inner(s.operatorSqrt() * to * s.operatorSqrt());
  EXPECT_NEAR(cost(mk), (from + to - 2 * inner.operatorSqrt()).trace(), 1e-12);
}

TEST(ColourMaps, are_the_identity_between_equals) {
  const Matrix3d s = covariance(3);
  for (const auto map : {coral_map, mk_map}) EXPECT_LE(distance(map(s, s), Matrix3d::Identity()), 1e-9);
}

TEST(ColourMaps, flat_clouds_stay_finite) {
  const Vector3d grey = Vector3d::Ones().normalized();
  const Matrix3d line = 0.04 * grey * grey.transpose(), point = Matrix3d::Zero(), full = covariance(4);
  for (const auto map : {coral_map, mk_map}) {
    for (const Matrix3d& from : {line, point, full}) {
      for (const Matrix3d& to : {line, point, full}) EXPECT_TRUE(map(from, to).allFinite());
    }
    // A line has one axis to give; the rest is 0, not the rounding of 0 made large.
    EXPECT_LE(distance(map(line, line), grey * grey.transpose()), 1e-9);
    EXPECT_LE(map(line + 1e-7 * Matrix3d::Identity(), full).norm(), 10);
    EXPECT_EQ(map(point, full).norm(), 0);
    // Along the line, what the target has there.
    const Matrix3d mapped = map(line, full) * line * map(line, full).transpose();
    EXPECT_TRUE(mapped.trace() <= full.trace() + 1e-12 && mapped.trace() > 0);
  }
}

TEST(MatchHistograms, takes_the_targets_values_by_rank) {
  const Tensor picture = testing::random_tensor({1, 13, 17, 3}, DType::float32, 1, 0, 1);
  const Tensor target = testing::random_tensor({1, 17, 13, 3}, DType::float32, 2, -1, 3);
  const Tensor matched = match_histograms(picture, {}, target, {});
  for (int c = 0; c < 3; ++c) {
    const auto p = channel_of(picture, c), m = channel_of(matched, c);
    EXPECT_EQ(sorted(m), sorted(channel_of(target, c)));
    for (size_t i = 1; i < p.size(); ++i) EXPECT_EQ(p[i] > p[i - 1], m[i] > m[i - 1]);  // order stays
  }
}

TEST(MatchHistograms, quantiles_agree_between_sizes) {
  const Tensor picture = testing::random_tensor({1, 40, 50, 3}, DType::float32, 1, 0, 1);
  const Tensor target = testing::random_tensor({1, 31, 77, 3}, DType::float32, 2, 0.2, 0.7);
  const Tensor matched = match_histograms(picture, {}, target, {});
  const auto quantile = [](const std::vector<float>& v, double q) {
    return v[static_cast<size_t>(q * static_cast<double>(v.size() - 1))];
  };
  for (int c = 0; c < 3; ++c) {
    const auto m = sorted(channel_of(matched, c)), t = sorted(channel_of(target, c));
    for (double q = 0; q <= 1; q += 0.1) EXPECT_NEAR(quantile(m, q), quantile(t, q), 2e-3);
  }
}

TEST(MatchHistograms, equal_values_share_the_mean_of_their_ranks) {
  // Ranks: 0 0 | 1 | 2; the target's quarters: 10, 20, 40, 80.
  const Tensor picture = Tensor::from<float>({1, 1, 4, 3}, {1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0});
  const Tensor target = Tensor::from<float>({1, 2, 2, 3}, {80, 5, 0, 10, 5, 0, 20, 5, 0, 40, 5, 0});
  EXPECT_EQ(channel_of(match_histograms(picture, {}, target, {}), 0), (std::vector<float>{40, 15, 15, 80}));
  EXPECT_EQ(channel_of(match_histograms(picture, {}, target, {}), 1), (std::vector<float>{5, 5, 5, 5}));
}

TEST(MatchHistograms, identity_even_with_ties) {
  std::mt19937 random(1);
  std::vector<float> eight_bits(3 * 50 * 40);
  for (float& v : eight_bits) v = static_cast<float>(random() % 7) / 255;
  const Tensor picture = Tensor::from<float>({1, 40, 50, 3}, eight_bits);
  EXPECT_CLOSE(match_histograms(picture, {}, picture, {}), picture, 1e-6);
}

TEST(MatchHistograms, weighs_by_the_masks) {
  // Of the target only 4 counts; of the picture's ranks only those of 0 and 1, at shares of a quarter.
  const Tensor picture = Tensor::from<float>({1, 1, 3, 3}, {0, 0, 0, 1, 1, 1, 2, 2, 2});
  const Tensor target = Tensor::from<float>({1, 1, 3, 3}, {4, 4, 4, 8, 8, 8, 100, 100, 100});
  const Tensor mask = Tensor::from<float>({1, 3}, std::vector<float>{0.25f, 0.75f, 0});
  const Tensor counts = Tensor::from<float>({1, 3}, std::vector<float>{0.5f, 0.5f, 0});
  const auto matched = channel_of(match_histograms(picture, mask, target, counts), 0);
  EXPECT_FLOAT_EQ(matched[0], 4);
  EXPECT_FLOAT_EQ(matched[1], (0.25f * 4 + 0.5f * 8) / 0.75f);
}

}  // namespace
}  // namespace nst
