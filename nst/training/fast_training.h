// Trains a transform network (Johnson et al. 2016) to paint photographs in one style, or, with conditional
// instance norms (Dumoulin et al. 2017), in one of several.
#pragma once

#include <memory>

#include "nn/transform_model.h"
#include "nst/training/perceptual_loss.h"
#include "nst/training/picture_stream.h"

namespace nst {

struct FastTrainingOptions {
  int64_t batch = 4;
  uint64_t seed = 0;          // of the styles' order
  bool random_style = false;  // every micro-batch draws its style; otherwise they take turns
  std::map<std::string, std::string> metadata = {};  // of the trained weights
  std::vector<Tensor> samples = {};  // photographs to show the network's work on, (1, H, W, 3), 0..255
};

class FastTraining : public TrainingMethod {
 public:
  // Micro-batch i is crops [i batch, (i + 1) batch) of `photographs`, all in one style. The network has one
  // style for every one of the loss'; network and loss live on `device`. All must outlive this.
  FastTraining(nn::ImageNetwork& network, const PerceptualLoss& loss, PictureStream& photographs,
               FastTrainingOptions options, Device device = kCpu);

  nn::Module& network() override { return network_; }
  nn::StateDict weights() override;
  void set_style_factor(double factor) override { style_factor_ = factor; }
  // A style's own parameters learn in that style's batches only, the faster for it; the last layer learns
  // slower.
  double learning_rate_factor(const std::string& parameter) const override;
  TrainingLoss loss(int64_t index) override;
  // A row per photograph: it, then its picture in every style.
  Tensor sample() override;
  std::map<std::string, std::string> metadata() const override { return options_.metadata; }

 private:
  int64_t style_of(int64_t index) const;
  // The network's pictures, 0..255, of photographs (N, H, W, 3) on its device.
  autograd::Variable paint(const Tensor& photographs, int64_t style) const;

  nn::ImageNetwork& network_;
  const PerceptualLoss& loss_;
  PictureStream& photographs_;
  FastTrainingOptions options_;
  Device device_;
  double style_factor_ = 1;
};

// A trained network's parameters as the first ones of this one, which has the same layers: another painting,
// or larger crops, are learnt quicker from there. Style s begins as the model's style s, those beyond its
// styles as its first. `network` is one for FastTraining, which folds the range of colours into the last
// layer again. Throws std::invalid_argument when the layers are others.
void start_from(nn::ImageNetwork& network, const nn::TransformModel& model);

// Makes a freshly initialised network's pictures nearly grey. Noise of full contrast has Gram matrices so far
// from any painting's that Adam's memory of those first gradients would slow it down for a thousand steps.
void start_from_grey(nn::ImageNetwork& network);

}  // namespace nst
