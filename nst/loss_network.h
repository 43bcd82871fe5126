// A VGG with the preprocessing its weights were trained with: from a picture to named feature maps.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nn/preprocessing.h"
#include "nn/vgg.h"

namespace nst {

// What wants some layers' maps together: a statistic, a loss, a target.
struct LayerReader {
  std::vector<std::string> layers;                        // at least one
  std::function<void(const nn::FeatureMaps& maps)> read;  // once; `maps` holds those, and perhaps others
};

// A value made of some layers' maps.
struct LayerFunction {
  std::vector<std::string> layers;                                    // at least one
  std::function<autograd::Variable(const nn::FeatureMaps& maps)> of;  // the same whenever it is called
};

// Pictures are (N, H, W, 3), RGB, 0..255: the units in which the programs we compare with optimise, so that
// learning rates and loss curves mean the same.
class LossNetwork {
 public:
  // `weights` has canonical names (`conv1_1.weight` ...) and may go deeper than config.deepest.
  // Throws std::invalid_argument when a needed layer is missing.
  LossNetwork(const nn::VggConfig& config, const nn::StateDict& weights,
              const nn::Preprocessing& preprocessing, DType dtype = DType::float32, Device device = kCpu);

  // Runs the network as deep as the readers need. Each reads as soon as the last of its layers is there; a
  // map that no later reader waits for is let go before the network goes on, unless a graph needs it.
  void read(const autograd::Variable& picture, std::vector<LayerReader> readers) const;
  // The functions' values. The first `checkpointed` blocks of VGG, each up to the last map that a backward
  // pass reads, are segments of autograd::checkpoint: their maps, and what the functions of one block save,
  // are computed again when the gradient gets there. Block 1 has more elements than all others together, and
  // its first map costs next to nothing.
  std::vector<autograd::Variable> read(const autograd::Variable& picture,
                                       const std::vector<LayerFunction>& functions, int checkpointed) const;
  // The named layers' outputs, (N, H', W', C).
  nn::FeatureMaps features(const autograd::Variable& picture, const std::vector<std::string>& layers) const;

  const nn::VggConfig& config() const { return vgg_->config(); }

 private:
  // Goes on after a layer, or begins with a picture where there is none.
  void read_after(std::string_view after, autograd::Variable x, std::vector<LayerReader> readers) const;

  std::unique_ptr<nn::Vgg> vgg_;
  std::unique_ptr<nn::Conv2d> preprocess_;  // 1x1: channel order, scale, mean and deviation in one
};

}  // namespace nst
