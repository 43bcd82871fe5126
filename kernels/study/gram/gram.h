// The Gram ladder: the features of an image against themselves.
//   G[n,i,j] = sum_p F[n,p,i] F[n,p,j],    p over the pixels of image n
// Every rung reads F (N, pixels, C) on the left, nothing on the right, and writes G (N, C, C), symmetric to
// the bit. Production is kernels/gram_cuda.cu, which has cuBLAS multiply. Read the rungs in order;
// docs/study/gram.md goes with them.
#pragma once

#include "kernels/study/ladder.h"

namespace nst::kernels::study::gram {

// No tensor may have 2^31 elements or more, and an image must have a pixel.
struct Shape {
  int n, pixels, c;

  NST_HOST_DEVICE int out_numel() const { return n * c * c; }
};

std::span<const Rung<Shape>> rungs();

}  // namespace nst::kernels::study::gram
