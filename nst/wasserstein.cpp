#include "nst/wasserstein.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "tensor/ops/elementwise.h"

namespace nst {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Solver = Eigen::SelfAdjointEigenSolver<Matrix>;

constexpr double kSmallestShare = 1e-14;  // of the greatest eigenvalue: what rounding leaves of a zero

// E f(D) E^T
template <class F>
Matrix of_eigenvalues(const Solver& solver, F f) {
  const double smallest = kSmallestShare * std::max(solver.eigenvalues().maxCoeff(), 0.0);
  Eigen::VectorXd values = solver.eigenvalues();
  for (double& v : values) v = f(std::max(v, smallest));
  return solver.eigenvectors() * values.asDiagonal() * solver.eigenvectors().transpose();
}

struct Moments {
  Eigen::RowVectorXd mean;
  Matrix covariance;  // plus eps I
};

Moments moments_of(const Tensor& statistic, double eps) {
  const int64_t c = statistic.shape()[-1];
  if (statistic.shape() != Shape{1, c + 1, c}) {
    throw std::invalid_argument("wasserstein: moments must be (1, C + 1, C), got " + statistic.describe());
  }
  const auto values = statistic.to_vector<double>();
  const Eigen::Map<const Matrix> all(values.data(), c + 1, c);
  Moments m{all.row(c), all.topRows(c)};
  m.covariance = (0.5 * (m.covariance + m.covariance.transpose())).eval();
  m.covariance -= m.mean.transpose() * m.mean;
  m.covariance.diagonal().array() += eps;
  return m;
}

Tensor as_tensor(const Matrix& m, const Shape& shape) {
  return Tensor::from<double>(shape, std::span<const double>(m.data(), static_cast<size_t>(m.size())));
}

Matrix as_matrix(const Tensor& x, int64_t rows, int64_t columns) {
  const auto values = x.to_vector<double>();
  return Eigen::Map<const Matrix>(values.data(), rows, columns);
}

}  // namespace

WassersteinTarget::WassersteinTarget(const Tensor& moments, double eps) : eps_(eps) {
  const Moments style = moments_of(moments, eps);
  const int64_t c = style.mean.size();
  mean_ = as_tensor(style.mean, {1, c});
  root_ = as_tensor(of_eigenvalues(Solver(style.covariance), [](double v) { return std::sqrt(v); }), {c, c});
}

autograd::Variable WassersteinTarget::loss(const autograd::Variable& moments) const {
  const Moments picture = moments_of(moments.value(), eps_);
  const int64_t c = picture.mean.size();
  check_shape("wasserstein", "the picture's moments", moments.value(), {1, mean_.size(1) + 1, mean_.size(1)});
  const Matrix root = as_matrix(root_, c, c);
  const Eigen::RowVectorXd apart = picture.mean - as_matrix(mean_, 1, c).row(0);
  const Solver solver(root * picture.covariance * root);
  const Matrix cross = of_eigenvalues(solver, [](double v) { return std::sqrt(v); });
  const double per_channel = 1 / static_cast<double>(c);
  const double loss = per_channel * (apart.squaredNorm() + picture.covariance.trace() + root.squaredNorm() -
                                     2 * cross.trace());
  // S = M - mu mu^T: dL/dM = dL/dS, and dL/dmu = 2/C (mu - nu) - 2 dL/dS mu.
  Matrix grad(c + 1, c);
  grad.topRows(c) =
      -per_channel * (root * of_eigenvalues(solver, [](double v) { return 1 / std::sqrt(v); }) * root);
  grad.topRows(c).diagonal().array() += per_channel;
  grad.row(c) = 2 * per_channel * apart - 2 * picture.mean * grad.topRows(c);
  const Tensor& value = moments.value();
  const auto like_value = [&](const Tensor& x) { return x.to(value.dtype()).to(value.device()); };
  return autograd::record("wasserstein2", like_value(Tensor::from<double>({1}, std::vector<double>{loss})),
                          {moments},
                          [grad = like_value(as_tensor(grad, value.shape()))](
                              const Tensor& grad_loss, const autograd::NeedsGrad&) -> std::vector<Tensor> {
                            return {ops::affine(grad, grad_loss.item())};
                          });
}

}  // namespace nst
