// VGG-16 and VGG-19 (Simonyan & Zisserman 2015), the loss networks of style transfer: five blocks of 3x3
// convolutions and ReLUs, each but the last followed here by a 2x2 pooling.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nn/conv2d.h"
#include "nn/vgg_layers.h"

namespace nst::nn {

enum class Pooling { max, average };

struct VggConfig {
  int depth = 16;                   // 16 or 19
  std::string deepest = "relu5_4";  // nothing beyond this layer is built; "relu5_4" means all there is
  Pooling pooling = Pooling::max;   // Gatys et al. found average pooling to give smoother gradients
  bool ceil_mode = false;           // pooling keeps a partial last window
  ops::PaddingMode padding = ops::PaddingMode::zero;        // of every convolution but the first
  ops::PaddingMode first_padding = ops::PaddingMode::zero;  // of conv1_1, where the picture's border is
};

using FeatureMaps = std::map<std::string, autograd::Variable, std::less<>>;
using LayerVisitor = std::function<void(const std::string& layer, const autograd::Variable& map)>;

// Parameters `conv1_1.weight` (K, C, 3, 3), `conv1_1.bias` (K) and so on. Frozen: gradients flow through to
// the input, never to the parameters, unless requires_grad(true) is called.
class Vgg : public Module {
 public:
  // Throws std::invalid_argument on another depth or an unknown layer.
  explicit Vgg(const VggConfig& config, DType dtype = DType::float32, Device device = kCpu);

  // x (N, H, W, 3), preprocessed as the weights want it. Hands the visitor the named layers' outputs
  // (N, H', W', C), each as soon as it is there and before anything deeper is: of maps that neither the
  // visitor nor a graph keeps, two live at a time. Runs only as deep as needed. Throws std::invalid_argument
  // on an unknown layer or an image that poolings have shrunk to nothing.
  //
  // With `after`, "relu3_1" or "pool2", x is that layer's output and the network goes on from there.
  void visit(autograd::Variable x, const std::vector<std::string>& layers, const LayerVisitor& visitor,
             std::string_view after = {}) const;
  // All of them, kept.
  FeatureMaps features(const autograd::Variable& x, const std::vector<std::string>& layers) const;

  const VggConfig& config() const { return config_; }

 private:
  // Which of layers_ comes next.
  size_t index_after(std::string_view layer) const;
  autograd::Variable pool(const std::string& name, const autograd::Variable& x, bool relu) const;

  struct Layer {
    enum class Kind { conv, pool } kind;
    std::string name;  // "conv3_2" or "pool3"
    std::unique_ptr<Conv2d> conv;
  };
  std::vector<Layer> layers_;
  VggConfig config_;
};

}  // namespace nst::nn
