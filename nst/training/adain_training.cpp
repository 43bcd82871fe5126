#include "nst/training/adain_training.h"

#include <fmt/format.h>

#include <stdexcept>

#include "nst/training/picture_grid.h"
#include "tensor/ops/elementwise.h"

namespace nst {

using autograd::Variable;

AdainTraining::AdainTraining(AdainNetwork& network, const nn::ImageNetwork& loss_network,
                             PictureStream& photographs, PictureStream& paintings,
                             AdainTrainingOptions options, Device device)
    : network_(network),
      loss_network_(loss_network),
      photographs_(photographs),
      paintings_(paintings),
      options_(std::move(options)),
      device_(device) {
  if (options_.batch < 1)
    throw std::invalid_argument(fmt::format("training: batch must be positive, got {}", options_.batch));
}

TrainingLoss AdainTraining::loss(int64_t index) {
  const auto batch = [&](PictureStream& stream) {
    return Variable(ops::affine(stream.crops(index * options_.batch, options_.batch).to(device_), 1.0 / 255));
  };
  AdainObjectiveOptions objective = options_.objective;
  objective.style_weight *= style_factor_;
  const auto losses =
      adain_losses(network_, loss_network_, batch(photographs_), batch(paintings_), objective);
  TrainingLoss result{losses.total, {}};
  for (const auto& [name, term] : {std::pair{"content", &losses.content},
                                   {"style", &losses.style},
                                   {"identity", &losses.identity},
                                   {"tv", &losses.tv}}) {
    if (term->defined()) result.terms.emplace_back(name, term->value());
  }
  return result;
}

Tensor AdainTraining::sample() {
  const auto unit = [](const Tensor& picture) { return ops::affine(picture, 1.0 / 255); };
  std::vector<std::vector<Tensor>> rows(1);
  rows[0].push_back(Tensor::full({1, 1, 1, 3}, 1));
  std::vector<EncodedStyle> styles;
  for (const Tensor& style : options_.sample_styles) {
    rows[0].push_back(unit(style));
    styles.push_back(network_.encode_style(unit(style).to(device_)));
  }
  for (const Tensor& photograph : options_.sample_photographs) {
    auto& row = rows.emplace_back();
    row.push_back(unit(photograph));
    for (const EncodedStyle& style : styles) {
      row.push_back(network_.stylise(unit(photograph).to(device_), std::span(&style, 1)).to(kCpu));
    }
  }
  return picture_grid(rows);
}

}  // namespace nst
