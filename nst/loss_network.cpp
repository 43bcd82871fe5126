#include "nst/loss_network.h"

namespace nst {
namespace {

// Pictures come in 0..255, preprocessing speaks of 0..1.
constexpr double kPictureRange = 255;

// y[k] = (scale * x[order(k)] / 255 - mean[k]) / std[k] as a 1x1 convolution.
nn::StateDict preprocessing_weights(const nn::Preprocessing& p, DType dtype, Device device) {
  std::vector<double> weight(9), bias(3);
  for (int k = 0; k < 3; ++k) {
    const int channel = p.bgr ? 2 - k : k;
    weight[k * 3 + channel] = p.scale / kPictureRange / p.std[k];
    bias[k] = -p.mean[k] / p.std[k];
  }
  return {{"weight", Tensor::from<double>({3, 3, 1, 1}, weight).to(dtype).to(device)},
          {"bias", Tensor::from<double>({3}, bias).to(dtype).to(device)}};
}

}  // namespace

LossNetwork::LossNetwork(const nn::VggConfig& config, const nn::StateDict& weights,
                         const nn::Preprocessing& preprocessing, DType dtype, Device device)
    : vgg_(std::make_unique<nn::Vgg>(config, dtype, device)),
      preprocess_(std::make_unique<nn::Conv2d>(
          nn::Conv2dConfig{.in_channels = 3, .out_channels = 3, .kernel = 1}, dtype, device)) {
  vgg_->load_state_dict(weights, /*strict=*/false);
  preprocess_->load_state_dict(preprocessing_weights(preprocessing, dtype, device));
  preprocess_->requires_grad(false);
}

nn::FeatureMaps LossNetwork::features(const autograd::Variable& picture,
                                      const std::vector<std::string>& layers) const {
  return vgg_->features((*preprocess_)(picture), layers);
}

}  // namespace nst
