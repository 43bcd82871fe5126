// The Wasserstein-2 distance of features' means and covariances, as a style loss: what it would cost to carry
// one Gaussian over into the other (after crowsonkb/style-transfer-pytorch).
#pragma once

#include "autograd/variable.h"

namespace nst {

// Moments (1, C + 1, C) have in rows 0 to C-1 the mean of F_i F_j over pixels, in the last one the mean of F.
// With S and T the covariances of the picture and of the style, both plus eps I,
//   L = 1/C [ |mu - nu|^2 + tr(S + T - 2 (T^(1/2) S T^(1/2))^(1/2)) ]  -> (1)
// It is computed on the CPU in double, wherever the moments are: two decompositions of C x C.
//   dL/dS = 1/C (I - T^(1/2) (T^(1/2) S T^(1/2))^(-1/2) T^(1/2))
class WassersteinTarget {
 public:
  // From the style's moments. Throws std::invalid_argument unless they are (1, C + 1, C).
  explicit WassersteinTarget(const Tensor& moments, double eps = 1e-4);
  autograd::Variable loss(const autograd::Variable& moments) const;

 private:
  double eps_;
  Tensor mean_, root_;  // (1, C), (C, C), float64 on the CPU
};

}  // namespace nst
