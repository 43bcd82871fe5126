// Statistics of each channel of each image over its pixels: what instance normalisation removes (Ulyanov et
// al. 2016) and AdaIN matches (Huang & Belongie 2017, eq. 8). For features F (N, pixels, C):
//   mean[n,c] = 1/pixels sum_p F[n,p,c]
//   variance[n,c] = 1/divisor sum_p (F[n,p,c] - mean[n,c])^2,  std = sqrt(variance + eps)
// All are computed in double from differences to the mean, so that a large mean costs no digits.
#pragma once

#include "kernels/context.h"

namespace nst::kernels {

struct ChannelShape {
  int64_t n, pixels, c;
};

// The divisor of the squared differences: biased takes the number of pixels (normalisation layers,
// xunhuang1995/AdaIN-style), unbiased one less (naoto0804/pytorch-AdaIN, torch.var's default).
enum class Variance { biased, unbiased };

constexpr int64_t variance_divisor(Variance variance, int64_t pixels) {
  return variance == Variance::biased ? pixels : pixels - 1;
}

// mean (N, C) of x (N, H*W, C)
NST_KERNEL(channel_mean_forward, const ChannelShape& shape, const T* x, T* mean);
// grad_x[n,p,c] = grad_mean[n,c] / pixels
NST_KERNEL(channel_mean_backward, const ChannelShape& shape, const T* grad_mean, T* grad_x);

// mean and std, both (N, C), of x (N, H*W, C); the divisor must not be 0.
NST_KERNEL(channel_std_forward, const ChannelShape& shape, Variance variance, T eps, const T* x, T* mean,
           T* std);
// grad_x[n,p,c] = grad_std[n,c] (x[n,p,c] - mean[n,c]) / (divisor std[n,c]), 0 where std is 0.
NST_KERNEL(channel_std_backward, const ChannelShape& shape, Variance variance, const T* x, const T* mean,
           const T* std, const T* grad_std, T* grad_x);

}  // namespace nst::kernels
