// The sliced Wasserstein-2 distance of features' distributions, as a style loss (Heitz, Vanhoey, Chambon &
// Belcour 2021, "A Sliced Wasserstein Loss for Neural Texture Synthesis", arXiv 2006.07229). Pixels are
// points in the space of channels. Along a direction v they are numbers, whose cheapest transport onto the
// style's is known: the k-th smallest goes to the k-th smallest.
//   L = mean over directions v of W2^2(F v, A v)
// With the axes for directions it is the histogram loss of Risser, Wilmot & Barnes 2017 (arXiv 1701.08893),
// each channel against its own histogram, matched exactly.
#pragma once

#include "autograd/variable.h"

namespace nst {

// C directions in the space of C channels, (C, C, 1, 1), the weight of a 1x1 convolution: a rotation, so that
// each is uniform on the sphere and no two of them ask the same. They follow from the number of channels
// alone. Heitz et al. draw others for every step; L-BFGS needs a loss that stays the same one.
Tensor random_directions(int64_t channels, DType dtype, Device device = kCpu);

// Both take features (1, H, W, C), weighted by `weight` (H, W) as in ops::quantiles, and directions (K, C, 1,
// 1) or undefined for the axes.

// What is to be compared with: `count` quantiles of the features along each direction, (1, count, K). The
// mean of several styles' is their barycentre.
Tensor sliced_quantiles(const Tensor& features, const Tensor& directions, const Tensor& weight,
                        int64_t count);

// The loss, (1), for a target (1, count, K) of any count.
autograd::Variable sliced_wasserstein(const autograd::Variable& features, const Tensor& directions,
                                      const Tensor& weight, const Tensor& target);

}  // namespace nst
