// The update of Adam (Kingma & Ba 2015, algorithm 1), fused into one pass:
//   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
//   x -= learning_rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
#pragma once

#include "kernels/context.h"

namespace nst::kernels {

struct AdamStep {
  double learning_rate;
  double beta1, beta2;
  double epsilon;
  int64_t step;  // t, from 1
};

// Updates x and the moments m and v in place, given the gradient g; all hold `count` elements.
NST_KERNEL(adam_step, int64_t count, const AdamStep& step, const T* g, T* x, T* m, T* v);

}  // namespace nst::kernels
