// The direction of L-BFGS by the two-loop recursion (Nocedal & Wright 2006, algorithm 7.4), from the last
// `pairs` changes s_i of the position and y_i of the gradient g, the oldest first, and rho_i = 1 / (y_i .
// s_i):
//   d = -g
//   for i = pairs-1 .. 0:   a_i = s_i . d;   d -= rho_i a_i y_i
//   d = scale d
//   for i = 0 .. pairs-1:   b_i = y_i . d;   d += rho_i (a_i - b_i) s_i
// which is -H g for the inverse Hessian H that they stand for, H_0 = scale I. The dot products are summed in
// double and rounded to T. They stay where they are computed: the host never learns them, nor waits for them.
#pragma once

#include "kernels/context.h"

namespace nst::kernels {

// The pairs, as arrays on the host.
template <class T>
struct LbfgsHistory {
  int64_t pairs;
  const T* const* s;  // `pairs` arrays of `count` elements each, where the kernel runs
  const T* const* y;
  const double* rho;
  double scale;
};

// Writes d (count) from g (count); they may not overlap.
NST_KERNEL(lbfgs_direction, int64_t count, const LbfgsHistory<T>& history, const T* g, T* d);

}  // namespace nst::kernels
