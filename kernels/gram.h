// Gram matrices of feature maps (Gatys et al. 2016, eq. 3), with the activation shift of Novak & Nikulin
// 2016, section 3.3:
//   G[n,i,j] = scale * sum_p (F[n,p,i] + shift) (F[n,p,j] + shift),    p over the pixels of image n
// Gatys' unnormalised Gram has scale 1, the common ones 1/(H*W) or 1/(C*H*W).
#pragma once

#include "kernels/context.h"

namespace nst::kernels {

struct GramShape {
  int64_t n, pixels, c;
};

// Writes gram (N, C, C), symmetric to the bit, from features (N, H*W, C).
NST_KERNEL(gram_forward, const GramShape& shape, T shift, T scale, const T* features, T* gram);

// grad_F[n,p,i] = scale * sum_j (dG + dG^T)[n,i,j] (F[n,p,j] + shift); dG (N, C, C) need not be symmetric.
// Writes it to grad_features (N, H*W, C) or, with `add`, adds it to what is there.
NST_KERNEL(gram_backward, const GramShape& shape, T shift, T scale, const T* features, const T* grad_gram,
           bool add, T* grad_features);

// The same between two layers whose maps have one size (Novak & Nikulin 2016, section 3.4; they upsample the
// deeper one):
//   G[n,i,j] = scale * sum_p (A[n,p,i] + shift) (B[n,p,j] + shift)
struct CrossGramShape {
  int64_t n, pixels;
  int64_t rows, columns;  // the channels of A and of B
};

// Writes gram (N, rows, columns) from a (N, H*W, rows) and b (N, H*W, columns).
NST_KERNEL(cross_gram_forward, const CrossGramShape& shape, T shift, T scale, const T* a, const T* b,
           T* gram);

// Of which operand a gradient is.
enum class CrossGramOperand { a, b };

// grad_A[n,p,i] = scale * sum_j dG[n,i,j] (B[n,p,j] + shift), which needs b as `other`;
// grad_B[n,p,j] = scale * sum_i dG[n,i,j] (A[n,p,i] + shift), which needs a.
NST_KERNEL(cross_gram_backward, const CrossGramShape& shape, CrossGramOperand of, T shift, T scale,
           const T* other, const T* grad_gram, T* grad);

}  // namespace nst::kernels
