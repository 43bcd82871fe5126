#include "nst/training/fast_training.h"

#include <fmt/format.h>

#include <cctype>
#include <stdexcept>

#include "autograd/ops/elementwise.h"
#include "nn/layer_string.h"
#include "nst/training/picture_grid.h"
#include "nst/training/random.h"
#include "tensor/ops/elementwise.h"

namespace nst {
namespace {
constexpr double kFirstContrast = 0.05;
// Of the last layer's learning rate: a step of its weights moves the picture by kGain, and where a tanh
// saturates there is no way back.
constexpr double kLastLayerRate = 0.1;

std::string last_layer(const nn::ImageNetwork& network) {
  return network.config().blocks.back().name + ".conv.";
}

// A network with a plain last layer learns (picture - offset) / gain: its weights need not grow a hundredfold
// before there is any contrast. In files both are part of that layer.
struct Range {
  double gain = 1, offset = 0;
};
Range learnt_range(const nn::ImageNetwork& network) {
  return network.config().output == nn::OutputRange{} ? Range{150, 127.5}
                                                      : Range{};  // Johnson's, of his tanh
}

// The model's tensor for a parameter, which may be of a style that the model does not have.
const Tensor& tensor_for(const nn::TransformModel& model, const std::string& parameter) {
  const auto found = model.state.find(parameter);
  if (found != model.state.end()) return found->second;
  const size_t dot = parameter.rfind('.');
  const bool of_a_style = std::isdigit(static_cast<unsigned char>(parameter.back()));
  const std::string name = of_a_style ? parameter.substr(0, dot) : parameter;
  return model.config.styles == 1 ? model.state.at(name) : model.state.at(name + ".0");
}
}  // namespace

void start_from(nn::ImageNetwork& network, const nn::TransformModel& model) {
  const nn::ImageNetworkConfig &wanted = network.config(), &given = model.config;
  const std::string layers = nn::layer_string(wanted.blocks), others = nn::layer_string(given.blocks);
  if (layers != others)
    throw std::invalid_argument(fmt::format("a network of other layers: {}, not {}", others, layers));
  if (wanted.padding != given.padding || wanted.borders != given.borders || wanted.frame != given.frame ||
      wanted.bias != given.bias || wanted.output != given.output ||
      model.pixels != nn::kByteRangePreprocessing) {
    throw std::invalid_argument("a network of other borders, biases or pixels");
  }
  for (auto& [name, parameter] : network.state_dict()) parameter.copy_from(tensor_for(model, name));
  const auto [gain, offset] = learnt_range(network);
  const nn::StateDict state = network.state_dict();
  Tensor weight = state.at(last_layer(network) + "weight"), bias = state.at(last_layer(network) + "bias");
  weight.copy_from(ops::affine(weight, 1 / gain));
  bias.copy_from(ops::affine(bias, 1 / gain, -offset / gain));
}

void start_from_grey(nn::ImageNetwork& network) {
  Tensor weight = network.state_dict().at(last_layer(network) + "weight");
  weight.copy_from(ops::affine(weight, kFirstContrast));
}

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

double FastTraining::learning_rate_factor(const std::string& parameter) const {
  if (parameter.starts_with(last_layer(network_))) return kLastLayerRate;
  const bool of_a_style = loss_.styles() > 1 && std::isdigit(static_cast<unsigned char>(parameter.back()));
  return of_a_style ? static_cast<double>(loss_.styles()) : 1;
}

autograd::Variable FastTraining::paint(const Tensor& photographs, int64_t style) const {
  const auto [gain, offset] = learnt_range(network_);
  return autograd::affine(network_(autograd::Variable(photographs), {{style}}), gain, offset);
}

nn::StateDict FastTraining::weights() {
  nn::StateDict weights = network_.state_dict();
  const auto [gain, offset] = learnt_range(network_);
  if (gain == 1) return weights;
  const std::string last = last_layer(network_);
  Tensor &weight = weights.at(last + "weight"), &bias = weights.at(last + "bias");
  weight = ops::affine(weight, gain);
  bias = ops::affine(bias, gain, offset);
  return weights;
}

TrainingLoss FastTraining::loss(int64_t index) {
  const Tensor photographs = photographs_.crops(index * options_.batch, options_.batch).to(device_);
  const int64_t style = style_of(index);
  return loss_(paint(photographs, style), photographs, style, style_factor_);
}

Tensor FastTraining::sample() {
  const autograd::NoGradGuard no_grad;
  std::vector<std::vector<Tensor>> rows;
  for (const Tensor& photograph : options_.samples) {
    auto& row = rows.emplace_back();
    row.push_back(ops::affine(photograph, 1.0 / 255));
    for (int64_t style = 0; style < loss_.styles(); ++style) {
      const Tensor picture = paint(photograph.to(device_), style).value().to(kCpu);
      row.push_back(ops::clamp_forward(ops::affine(picture, 1.0 / 255), 0, 1));
    }
  }
  return picture_grid(rows);
}

}  // namespace nst
