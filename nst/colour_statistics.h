// A picture's colours as a cloud of points, one per pixel, and the maps that give one cloud the shape of
// another. What the three channels mean is the caller's choice of space (nst/colour_space.h).
#pragma once

#include <Eigen/Core>
#include <vector>

#include "tensor/tensor.h"

namespace nst {

struct ColourStatistics {
  Eigen::Vector3d mean;
  Eigen::Matrix3d covariance;  // of the population: divided by the number of pixels
};

// colours (1, H, W, 3), float32 on the CPU; mask (H, W) weighs the pixels, an undefined one weighs all
// alike. The mask's sum must be positive.
ColourStatistics colour_statistics(const Tensor& colours, const Tensor& mask = {});

// Matrices A with A S A^T = T, for covariances S and T: x -> A (x - mean_S) + mean_T gives the cloud of S the
// mean and the covariance of T. They differ by a rotation. Along an axis of S that is as good as flat (a
// deviation within the rounding of 8-bit pictures) a cloud has no shape to give, so A is 0 there rather than
// enormous: a grey picture stays on a line. A is the identity, on the axes that S has, where S = T.
//
// Whiten, then colour again: T^1/2 S^-1/2 (CORAL: Sun, Feng & Saenko 2016, without their regularisation).
Eigen::Matrix3d coral_map(const Eigen::Matrix3d& from, const Eigen::Matrix3d& to);
// The one that moves the colours least, in the mean of squares: Monge and Kantorovich's,
// S^-1/2 (S^1/2 T S^1/2)^1/2 S^-1/2 (Pitie & Kokaram 2007, "The linear Monge-Kantorovitch linear colour
// mapping for example-based colour transfer").
Eigen::Matrix3d mk_map(const Eigen::Matrix3d& from, const Eigen::Matrix3d& to);

// A (x - from) + to for every pixel. colours (1, H, W, 3).
Tensor map_colours(const Tensor& colours, const Eigen::Matrix3d& a, const Eigen::Vector3d& from,
                   const Eigen::Vector3d& to);

// Histogram matching of each channel by itself: the increasing map that gives the channel's values the
// distribution of the target's. Values that are equal stay equal: they share the mean of the target's values
// at their ranks. So there is no binning, and a picture matched with itself is itself. Masks weigh the pixels
// as above.
Tensor match_histograms(const Tensor& colours, const Tensor& mask, const Tensor& target,
                        const Tensor& target_mask);

}  // namespace nst
