#include "nst/training/fast_training.h"

#include <fmt/format.h>

#include <stdexcept>

#include "nst/training/picture_grid.h"
#include "nst/training/random.h"
#include "tensor/ops/elementwise.h"

namespace nst {

FastTraining::FastTraining(nn::ImageNetwork& network, const PerceptualLoss& loss, PictureStream& photographs,
                           FastTrainingOptions options, Device device)
    : network_(network),
      loss_(loss),
      photographs_(photographs),
      options_(std::move(options)),
      device_(device) {
  if (options_.batch < 1)
    throw std::invalid_argument(fmt::format("training: batch must be positive, got {}", options_.batch));
}

int64_t FastTraining::style_of(int64_t index) const {
  if (!options_.random_style) return index % loss_.styles();
  return Random(options_.seed, static_cast<uint64_t>(index)).below(loss_.styles());
}

TrainingLoss FastTraining::loss(int64_t index) {
  const Tensor photographs = photographs_.crops(index * options_.batch, options_.batch).to(device_);
  const int64_t style = style_of(index);
  const autograd::Variable pictures = network_(autograd::Variable(photographs), {{style}});
  return loss_(pictures, photographs, style, style_factor_);
}

Tensor FastTraining::sample() {
  const autograd::NoGradGuard no_grad;
  std::vector<std::vector<Tensor>> rows;
  for (const Tensor& photograph : options_.samples) {
    auto& row = rows.emplace_back();
    row.push_back(ops::affine(photograph, 1.0 / 255));
    for (int64_t style = 0; style < loss_.styles(); ++style) {
      const Tensor picture = network_(autograd::Variable(photograph.to(device_)), {{style}}).value().to(kCpu);
      row.push_back(ops::clamp_forward(ops::affine(picture, 1.0 / 255), 0, 1));
    }
  }
  return picture_grid(rows);
}

}  // namespace nst
