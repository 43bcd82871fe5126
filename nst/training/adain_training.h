// Trains an AdaIN network on photographs and paintings (Huang & Belongie 2017): its decoder, or both halves.
#pragma once

#include "nst/adain/objective.h"
#include "nst/training/picture_stream.h"
#include "nst/training/training_method.h"

namespace nst {

struct AdainTrainingOptions {
  int64_t batch = 8;
  AdainObjectiveOptions objective = {};
  std::map<std::string, std::string> metadata = {};  // of the trained weights
  // Pictures to show the network's work on, (1, H, W, 3), 0..255: every photograph in every style.
  std::vector<Tensor> sample_photographs = {}, sample_styles = {};
};

class AdainTraining : public TrainingMethod {
 public:
  // Micro-batch i is crops [i batch, (i + 1) batch) of both. `loss_network` as adain_losses() takes it; both
  // networks live on `device`. All must outlive this.
  AdainTraining(AdainNetwork& network, const nn::ImageNetwork& loss_network, PictureStream& photographs,
                PictureStream& paintings, AdainTrainingOptions options, Device device = kCpu);

  nn::Module& network() override { return network_; }
  TrainingLoss loss(int64_t index) override;
  void set_style_factor(double factor) override { style_factor_ = factor; }
  // The styles above, a row per photograph.
  Tensor sample() override;
  std::map<std::string, std::string> metadata() const override { return options_.metadata; }

 private:
  AdainNetwork& network_;
  const nn::ImageNetwork& loss_network_;
  PictureStream& photographs_;
  PictureStream& paintings_;
  AdainTrainingOptions options_;
  Device device_;
  double style_factor_ = 1;
};

}  // namespace nst
