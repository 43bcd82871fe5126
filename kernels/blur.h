// A small blur of feature maps, for the blurred correlations of Novak & Nikulin 2016, section 3.6: the
// binomial filter (1, 2, 1)/4 along both axes, edges repeated, a Gaussian of variance 1/2 a pass. (The paper
// does not say which blur it takes; passes of this one add up to any wider Gaussian.)
//   y[n,i,j,c] = sum_{a,b in -1,0,1} w_a w_b x[n, i+a, j+b, c],    w = (1/4, 1/2, 1/4)
// A pixel beyond the edge counts for the one within, so the matrix of the filter is symmetric: the blur is
// its own derivative, grad_x = blur(grad_y).
#pragma once

#include "kernels/context.h"

namespace nst::kernels {

struct BlurShape {
  int64_t n, h, w, c;
};

// Writes y (N, H, W, C), which may not be x.
NST_KERNEL(blur_forward, const BlurShape& shape, const T* x, T* y);

}  // namespace nst::kernels
