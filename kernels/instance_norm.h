// Instance normalisation (Ulyanov et al. 2016): each channel of each image is brought to mean 0 and deviation
// 1 over its pixels, then scaled and moved:
//   y[n,p,c] = gamma z[n,p,c] + beta,  z[n,p,c] = (x[n,p,c] - mean[n,c]) / std[n,c]
// and, with `relu`, negative results become 0: in networks a ReLU follows nearly every one, and this saves it
// a pass. with mean and std of kernels/channel_stats.h. gamma and beta are learnt, one per channel (C); or
// one per image and channel (N, C), which makes it conditional (Dumoulin et al. 2017) or, from another
// image's statistics, AdaIN (Huang & Belongie 2017, eq. 8).
#pragma once

#include "kernels/channel_stats.h"
#include "kernels/context.h"

namespace nst::kernels {

struct InstanceNormShape {
  ChannelShape x;
  bool per_image;  // gamma and beta are (N, C) instead of (C)
  Variance variance;
  bool relu = false;
};

// Writes y (N, H*W, C), which may be x, and what the backward wants, mean and inverse_std = 1 / std, (N, C).
// A null gamma stands for ones, a null beta for zeros.
NST_KERNEL(instance_norm_forward, const InstanceNormShape& shape, T eps, const T* x, const T* gamma,
           const T* beta, T* y, T* mean, T* inverse_std);

// With the forward's x, gamma, mean, inverse_std and, if it had a ReLU, y, sums over the pixels p of an
// image; with the ReLU grad_y counts as 0 where y is not positive:
//   grad_beta  = sum_p grad_y                 also over the images where gamma and beta are (C)
//   grad_gamma = sum_p grad_y z               likewise
//   grad_x     = gamma inverse_std (grad_y - sum_p grad_y / pixels - z sum_p grad_y z / divisor)
// A null grad_x, grad_gamma or grad_beta is not computed. grad_x may be grad_y.
NST_KERNEL(instance_norm_backward, const InstanceNormShape& shape, const T* x, const T* gamma, const T* mean,
           const T* inverse_std, const T* y, const T* grad_y, T* grad_x, T* grad_gamma, T* grad_beta);

}  // namespace nst::kernels
