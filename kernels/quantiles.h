// How each channel's values are distributed over pixels, and how far that is from another distribution.
//
// The values in ascending order, v_1 <= ... <= v_n, with weights w_i that add up to W, are the quantiles at
//   m_i = (w_1 + ... + w_(i-1) + w_i / 2) / W,
// and Q is linear between them, constant before the first and after the last. Values without weight do not
// count.
#pragma once

#include "kernels/context.h"

namespace nst::kernels {

struct QuantileShape {
  int64_t pixels, channels;
  int64_t count;  // of quantiles
};

// q (count, C) = Q((j + 1/2) / count), j = 0 ... count - 1, from x (pixels, C) and weight (pixels), which is
// at least 0 and has a positive sum, or is null and 1 everywhere. With as many quantiles as pixels they are
// the sorted values.
NST_CPU_KERNEL(quantiles, const QuantileShape& shape, const T* x, const T* weight, T* q);

// loss[0] = mean over channels of sum_i w_i / W (v_i - Q'(m_i))^2, Q' being linear between given quantiles q
// (count, C): the squared Wasserstein-2 distance on the line, where sorting is the optimal transport. grad_x
// (pixels, C), unless null, = d loss / d x = 2 w_i / (C W) (v_i - Q'(m_i)), where no two values are equal.
NST_CPU_KERNEL(quantile_error, const QuantileShape& shape, const T* x, const T* weight, const T* q, T* loss,
               T* grad_x);

}  // namespace nst::kernels
