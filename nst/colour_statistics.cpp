#include "nst/colour_statistics.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <numeric>

#include "kernels/parallel.h"

namespace nst {
namespace {

using Eigen::Matrix3d, Eigen::Vector3d;

// Variance of the error of rounding to 256 levels: what is below it is no colour.
constexpr double kRounding = 1.0 / (255.0 * 255.0 * 12.0);

// V f(lambda) V^T of a symmetric matrix.
template <class F>
Matrix3d on_eigenvalues(const Matrix3d& symmetric, F f) {
  const Eigen::SelfAdjointEigenSolver<Matrix3d> solver(symmetric);
  return solver.eigenvectors() * solver.eigenvalues().unaryExpr(f).asDiagonal() *
         solver.eigenvectors().transpose();
}

// Rounding makes an eigenvalue of 0 a little negative.
Matrix3d root(const Matrix3d& m) {
  return on_eigenvalues(m, [](double v) { return std::sqrt(std::max(v, 0.0)); });
}

Matrix3d inverse_root(const Matrix3d& m) {
  return on_eigenvalues(m, [](double v) { return v > kRounding ? 1 / std::sqrt(v) : 0; });
}

const float* weights_of(const Tensor& mask) { return mask.defined() ? mask.data<float>() : nullptr; }

// One channel of a picture in ascending order.
struct SortedChannel {
  std::vector<float> values;   // ascending
  std::vector<int64_t> pixel;  // where each came from
  std::vector<double> upto;    // share of the weight of all values up to and including this one, 0..1
};

SortedChannel sorted_channel(const Tensor& colours, const Tensor& mask, int channel) {
  const float* v = colours.data<float>() + channel;
  const float* weights = weights_of(mask);
  const size_t count = static_cast<size_t>(colours.numel() / 3);
  SortedChannel sorted;
  sorted.pixel.resize(count);
  std::iota(sorted.pixel.begin(), sorted.pixel.end(), 0);
  std::ranges::sort(sorted.pixel, {}, [v](int64_t i) { return v[3 * i]; });
  double sum = 0;
  for (const int64_t i : sorted.pixel) {
    sorted.values.push_back(v[3 * i]);
    sorted.upto.push_back(sum += weights ? weights[i] : 1);
  }
  for (double& share : sorted.upto) share /= sum;
  return sorted;
}

// Writes the matched values of `from` into channel `channel` of `out`, (pixels, 3).
void match_channel(const SortedChannel& from, const SortedChannel& to, int channel, float* out) {
  const size_t count = from.values.size(), targets = to.values.size();
  size_t t = 0;  // the target's value at the share that has been dealt with
  double begin = 0;
  for (size_t i = 0; i < count;) {
    size_t end = i + 1;  // of the values equal to this one
    while (end < count && from.values[end] == from.values[i]) ++end;
    const double upto = from.upto[end - 1];
    // The mean of the target's quantile function over begin..upto.
    while (t + 1 < targets && to.upto[t] <= begin) ++t;
    double sum = 0;
    for (double at = begin; at < upto;) {
      const double next = t + 1 < targets ? std::min(to.upto[t], upto) : upto;
      sum += (next - at) * to.values[t];
      at = next;
      if (at < upto) ++t;
    }
    const float value = upto > begin ? static_cast<float>(sum / (upto - begin)) : to.values[t];
    for (; i < end; ++i) out[3 * from.pixel[i] + channel] = value;
    begin = upto;
  }
}

}  // namespace

ColourStatistics colour_statistics(const Tensor& colours, const Tensor& mask) {
  const float* x = colours.data<float>();
  const float* weights = weights_of(mask);
  // Sums of w, w x and w x x^T. In double, of numbers around 1: the squares lose nothing that matters.
  struct Sums {
    double weight = 0;
    Vector3d first = Vector3d::Zero();
    Matrix3d second = Matrix3d::Zero();
  };
  const auto partials = kernels::parallel_partials(
      colours.numel() / 3, kernels::kElementGrain, [&](int64_t begin, int64_t end) {
        Sums sums;
        for (int64_t i = begin; i < end; ++i) {
          const Vector3d v = Eigen::Map<const Eigen::Vector3f>(x + 3 * i).cast<double>();
          const double w = weights ? weights[i] : 1;
          sums.weight += w;
          sums.first += w * v;
          sums.second += w * v * v.transpose();
        }
        return sums;
      });
  Sums total;
  for (const Sums& sums : partials) {
    total.weight += sums.weight;
    total.first += sums.first;
    total.second += sums.second;
  }
  const Vector3d mean = total.first / total.weight;
  return {mean, total.second / total.weight - mean * mean.transpose()};
}

Matrix3d coral_map(const Matrix3d& from, const Matrix3d& to) { return root(to) * inverse_root(from); }

Matrix3d mk_map(const Matrix3d& from, const Matrix3d& to) {
  const Matrix3d s = root(from), inverse = inverse_root(from);
  return inverse * root(s * to * s) * inverse;
}

Tensor map_colours(const Tensor& colours, const Matrix3d& a, const Vector3d& from, const Vector3d& to) {
  Tensor result = Tensor::empty_like(colours);
  const float* in = colours.data<float>();
  float* out = result.mutable_data<float>();
  kernels::parallel_for(colours.numel() / 3, kernels::kElementGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = 3 * begin; i < 3 * end; i += 3) {
      const Vector3d x = Eigen::Map<const Eigen::Vector3f>(in + i).cast<double>();
      Eigen::Map<Eigen::Vector3f>(out + i) = (a * (x - from) + to).cast<float>();
    }
  });
  return result;
}

Tensor match_histograms(const Tensor& colours, const Tensor& mask, const Tensor& target,
                        const Tensor& target_mask) {
  Tensor result = Tensor::empty_like(colours);
  float* out = result.mutable_data<float>();
  kernels::parallel_for(3, 1, [&](int64_t begin, int64_t end) {
    for (int channel = static_cast<int>(begin); channel < end; ++channel) {
      match_channel(sorted_channel(colours, mask, channel), sorted_channel(target, target_mask, channel),
                    channel, out);
    }
  });
  return result;
}

}  // namespace nst
