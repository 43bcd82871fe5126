#include "nst/sliced_wasserstein.h"

#include <Eigen/Dense>
#include <algorithm>
#include <span>

#include "autograd/ops/conv2d.h"
#include "autograd/ops/quantiles.h"
#include "nst/normal_values.h"

namespace nst {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

autograd::Variable projected(const autograd::Variable& features, const Tensor& directions) {
  return directions.defined() ? autograd::conv2d(features, autograd::Variable(directions), {}, {}) : features;
}

}  // namespace

Tensor random_directions(int64_t channels, DType dtype, Device device) {
  // The orthogonal factor of a normal matrix; the signs that make it uniform (Mezzadri 2007) do not matter
  // here, as the distance along -v is that along v.
  const auto values = normal_values(channels * channels, static_cast<uint64_t>(channels));
  Matrix normal(channels, channels);
  std::ranges::copy(values, normal.data());
  const Matrix q = Eigen::HouseholderQR<Matrix>(normal).householderQ();
  return Tensor::from<double>({channels, channels, 1, 1}, std::span(q.data(), static_cast<size_t>(q.size())))
      .to(dtype)
      .to(device);
}

Tensor sliced_quantiles(const Tensor& features, const Tensor& directions, const Tensor& weight,
                        int64_t count) {
  return ops::quantiles(projected(autograd::Variable(features), directions).value(), weight, count);
}

autograd::Variable sliced_wasserstein(const autograd::Variable& features, const Tensor& directions,
                                      const Tensor& weight, const Tensor& target) {
  return autograd::quantile_error(projected(features, directions), weight, target);
}

}  // namespace nst
