#include "nst/loss_network.h"

#include <algorithm>
#include <iterator>
#include <utility>

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

void LossNetwork::read(const autograd::Variable& picture, std::vector<LayerReader> readers) const {
  read_after({}, picture, std::move(readers));
}

void LossNetwork::read_after(std::string_view after, autograd::Variable x,
                             std::vector<LayerReader> readers) const {
  std::vector<std::string> layers;
  for (const LayerReader& reader : readers) std::ranges::copy(reader.layers, std::back_inserter(layers));
  nn::FeatureMaps maps;
  const auto visitor = [&](const std::string& layer, const autograd::Variable& map) {
    maps.emplace(layer, map);
    for (auto reader = readers.begin(); reader != readers.end();) {
      const bool ready =
          std::ranges::all_of(reader->layers, [&](const auto& name) { return maps.contains(name); });
      if (ready) reader->read(maps);
      reader = ready ? readers.erase(reader) : std::next(reader);
    }
    std::erase_if(maps, [&](const auto& entry) {
      return std::ranges::none_of(
          readers, [&](const auto& reader) { return std::ranges::count(reader.layers, entry.first) > 0; });
    });
  };
  vgg_->visit(after.empty() ? (*preprocess_)(x) : std::move(x), layers, visitor, after);
}

nn::FeatureMaps LossNetwork::features(const autograd::Variable& picture,
                                      const std::vector<std::string>& layers) const {
  return vgg_->features((*preprocess_)(picture), layers);
}

}  // namespace nst
