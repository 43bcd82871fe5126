#include "nn/normalise_activations.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "tensor/ops/channel_stats.h"

namespace nst::nn {
namespace {

// Mean activation of every channel of every block.
std::vector<std::vector<double>> mean_activations(const ImageNetwork& network,
                                                  std::span<const Tensor> pictures) {
  const autograd::NoGradGuard no_grad;
  std::vector<std::vector<double>> means(network.config().blocks.size());
  for (const Tensor& picture : pictures) {
    const auto maps = network.outputs(autograd::Variable(picture));
    for (size_t b = 0; b < maps.size(); ++b) {
      const auto mean = ops::channel_mean_forward(maps[b].value()).to_vector<double>();  // (N, C)
      const size_t channels = static_cast<size_t>(maps[b].shape()[3]);
      means[b].resize(channels);
      for (size_t i = 0; i < mean.size(); ++i) {
        means[b][i % channels] += mean[i] / static_cast<double>(mean.size() / channels * pictures.size());
      }
    }
  }
  return means;
}

}  // namespace

void normalise_activations(ImageNetwork& network, std::span<const Tensor> pictures) {
  if (pictures.empty()) throw std::invalid_argument("normalise_activations: no pictures");
  for (const Block& block : network.config().blocks) {
    if (block.kind == Block::Kind::residual || block.norm) {
      throw std::invalid_argument(
          fmt::format("normalise_activations: block '{}' is not a plain convolution", block.name));
    }
  }
  const auto means = mean_activations(network, pictures);
  StateDict state = network.state_dict();
  std::vector<double> input_scale;  // by which the previous convolution's channels have been multiplied
  for (size_t b = 0; b < means.size(); ++b) {
    const Block& block = network.config().blocks[b];
    if (block.kind == Block::Kind::max_pool) continue;
    std::vector<double> scale(means[b].size(), 1);
    if (block.relu) {
      const double layer_mean =
          std::accumulate(means[b].begin(), means[b].end(), 0.0) / static_cast<double>(scale.size());
      for (size_t k = 0; k < scale.size(); ++k) {
        const double mean = std::max(means[b][k], layer_mean / 100);
        if (mean > 0) scale[k] = 1 / mean;
      }
    }
    Tensor& weight = state.at(block.name + ".conv.weight");  // (K, C, R, S)
    Tensor& bias = state.at(block.name + ".conv.bias");
    auto w = weight.to_vector<double>(), shift = bias.to_vector<double>();
    const int64_t channels = weight.size(1), taps = weight.size(2) * weight.size(3);
    for (size_t i = 0; i < w.size(); ++i) {
      const auto at = static_cast<int64_t>(i);
      const size_t k = i / static_cast<size_t>(channels * taps),
                   c = static_cast<size_t>(at / taps % channels);
      w[i] *= scale[k] / (input_scale.empty() ? 1 : input_scale[c]);
    }
    for (size_t k = 0; k < shift.size(); ++k) shift[k] *= scale[k];
    weight = Tensor::from<double>(weight.shape(), w).to(weight.dtype());
    bias = Tensor::from<double>(bias.shape(), shift).to(bias.dtype());
    input_scale = scale;
  }
  network.load_state_dict(state);
}

}  // namespace nst::nn
