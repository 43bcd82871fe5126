#include "nst/adain/wct.h"

#include <Eigen/Dense>
#include <cmath>
#include <functional>

namespace nst {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr double kSmallestShare = 1e-5;  // of the greatest eigenvalue

Matrix as_matrix(const Tensor& x, int64_t rows, int64_t columns) {
  const auto values = x.to_vector<double>();
  return Eigen::Map<const Matrix>(values.data(), rows, columns);
}

Tensor as_tensor(const Matrix& m, const Shape& shape) {
  return Tensor::from<double>(shape, std::span<const double>(m.data(), static_cast<size_t>(m.size())));
}

// E f(D) E^T of the covariance of centred rows; f of eigenvalues too small to matter is 0.
Matrix of_covariance(const Matrix& centred, const std::function<double(double)>& f) {
  const Matrix covariance = centred.transpose() * centred / static_cast<double>(centred.rows());
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(covariance);
  Eigen::VectorXd values = solver.eigenvalues();
  const double smallest = kSmallestShare * values.maxCoeff();
  for (double& v : values) v = v > smallest ? f(v) : 0;
  return solver.eigenvectors() * values.asDiagonal() * solver.eigenvectors().transpose();
}

}  // namespace

StyleCovariance style_covariance(const Tensor& features) {
  check_rank("style_covariance", "features", features, 4);
  const int64_t c = features.size(3);
  Matrix x = as_matrix(features, features.numel() / c, c);
  const Eigen::RowVectorXd mean = x.colwise().mean();
  x.rowwise() -= mean;
  return {as_tensor(mean, {1, c}),
          as_tensor(of_covariance(x, [](double v) { return std::sqrt(v); }), {c, c})};
}

Tensor wct(const Tensor& content, const StyleCovariance& style) {
  check_rank("wct", "content", content, 4);
  const int64_t c = content.size(3);
  check_shape("wct", "the style's mean", style.mean, {1, c});
  Matrix x = as_matrix(content, content.numel() / c, c);
  const Eigen::RowVectorXd mean = x.colwise().mean();
  x.rowwise() -= mean;
  // Both roots are symmetric: a row is multiplied by their product from the right.
  const Matrix whiten = of_covariance(x, [](double v) { return 1 / std::sqrt(v); });
  Matrix y = x * (whiten * as_matrix(style.root, c, c));
  y.rowwise() += Eigen::RowVectorXd(as_matrix(style.mean, 1, c).row(0));
  return as_tensor(y, content.shape()).to(content.dtype()).to(content.device());
}

}  // namespace nst
