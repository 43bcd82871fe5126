#include "nst/loss_network.h"

#include "nst/picture_size.h"

namespace nst {

LossNetwork::LossNetwork(const nn::VggConfig& config, const nn::StateDict& weights,
                         const nn::Preprocessing& preprocessing, DType dtype, Device device)
    : vgg_(std::make_unique<nn::Vgg>(config, dtype, device)),
      preprocess_(std::make_unique<nn::Conv2d>(
          nn::Conv2dConfig{.in_channels = 3, .out_channels = 3, .kernel = 1}, dtype, device)) {
  vgg_->load_state_dict(weights, /*strict=*/false);
  preprocess_->load_state_dict(nn::preprocessing_convolution(preprocessing, kPictureRange));
  preprocess_->requires_grad(false);
}

nn::FeatureMaps LossNetwork::features(const autograd::Variable& picture,
                                      const std::vector<std::string>& layers) const {
  return vgg_->features((*preprocess_)(picture), layers);
}

}  // namespace nst
