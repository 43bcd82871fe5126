// A ladder of reductions, which memory bounds rather than arithmetic: instance normalisation, as in
// kernels/instance_norm.h with the biased variance.
//   out[n,p,c] = gamma[c] (x[n,p,c] - mean[n,c]) / sqrt(variance[n,c] + kEps) + beta[c]
// left is x (N, pixels, C), right is (2, C): gamma, then beta. Sums are float32.
#pragma once

#include "kernels/channel_stats.h"
#include "kernels/study/ladder.h"

namespace nst::kernels::study::instance_norm {

inline constexpr float kEps = 1e-5f;

// Each of n, pixels and c at least 1, n at most 65535.
std::span<const Rung<ChannelShape>> rungs();

}  // namespace nst::kernels::study::instance_norm
