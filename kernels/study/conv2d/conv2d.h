// The convolution ladder: 3x3, stride 1, a border of zeros, so that y is as large as x.
//   y[n,i,j,k] = sum_{r,s,c} x[n, i+r-1, j+s-1, c] w[r,s,c,k]
// Every rung reads x (N, H, W, C) on the left, w (3, 3, C, K) on the right, the order that production packs
// its weights in, and writes y (N, H, W, K). Read the rungs in order; docs/study/conv2d.md goes with them.
#pragma once

#include "kernels/study/ladder.h"

namespace nst::kernels::study::conv2d {

// No tensor may have 2^31 elements or more; nor may im2col's matrix, nine times x.
struct Shape {
  int n, h, w, c;  // x (N, H, W, C)
  int k;           // filters

  NST_HOST_DEVICE int pixels() const { return n * h * w; }
};

std::span<const Rung<Shape>> rungs();

}  // namespace nst::kernels::study::conv2d
