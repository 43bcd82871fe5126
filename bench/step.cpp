// Times whole steps of the methods, as JSON on standard output, for bench/compare/steps.py:
//   step WHAT SIZE STEPS [DEVICE [MATH]]
// WHAT is
//   gatys        an evaluation and an L-BFGS update, VGG16 to relu5_1, content relu4_2, five style layers
//   fast         a picture through pytorch/examples' transform network
//   adain        two pictures through the normalised VGG-19 to relu4_1, AdaIN, the decoder
//   train_fast   an update of that network, four pictures, VGG16's losses at relu1_2, 2_2, 3_3 and 4_3
//   train_adain  an update of that decoder, eight pairs, losses at relu1_1, 2_1, 3_1 and 4_1
// Pictures are square; random weights take as long as trained ones. Only gatys runs on a GPU, in fp32, tf32,
// bf16 or fp16.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>

#include "autograd/engine.h"
#include "autograd/ops/channel_stats.h"
#include "autograd/ops/elementwise.h"
#include "autograd/ops/squared_error.h"
#include "nn/adam.h"
#include "nn/known_networks.h"
#include "nst/basic.h"
#include "tools/option_names.h"

namespace {

using namespace nst;
using autograd::Variable;

Tensor uniform(const Shape& shape, float low, float high, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<float> distribution(low, high);
  std::vector<float> values(static_cast<size_t>(shape.numel()));
  for (float& v : values) v = distribution(random);
  return Tensor::from<float>(shape, values);
}

// Uniform within the bound that keeps the activations' size from layer to layer. Instance norms stay as they
// are.
nn::StateDict random_weights(nn::Module& network) {
  nn::StateDict weights = network.state_dict();
  uint64_t seed = 0;
  for (auto& [name, tensor] : weights) {
    const Shape& shape = tensor.shape();
    if (shape.rank() != 4) continue;
    const float bound = std::sqrt(6.0f / static_cast<float>(shape[1] * shape[2] * shape[3]));
    tensor = uniform(shape, -bound, bound, seed++);
  }
  return weights;
}

LossNetwork vgg16(const std::string& deepest, Device device = kCpu) {
  const nn::VggConfig config{.depth = 16, .deepest = deepest};
  nn::Vgg shapes(config);
  return {config, random_weights(shapes), nn::kCaffePreprocessing, DType::float32, device};
}

std::unique_ptr<nn::ImageNetwork> image_network(const nn::ImageNetworkConfig& config, bool trained) {
  auto network = std::make_unique<nn::ImageNetwork>(config);
  network->load_state_dict(random_weights(*network));
  network->requires_grad(trained);
  return network;
}

std::vector<Variable*> parameters_of(nn::Module& network) {
  std::vector<Variable*> all;
  for (const auto& [name, parameter] : network.named_parameters()) all.push_back(parameter);
  return all;
}

// One call is one step.
using Step = std::function<void()>;

Step gatys(int64_t size, Device device) {
  auto network = std::make_shared<LossNetwork>(vgg16("relu5_1", device));
  BasicOptions options{.init = Init::noise,
                       .lbfgs = {.tolerance_grad = 0, .tolerance_change = 0, .divergence_factor = INFINITY},
                       .iterations = 1 << 30};
  auto basic = std::make_shared<Basic>(
      *network, uniform({1, size, size, 3}, 0, 255, 100).to(device),
      std::vector<StylePicture>{{uniform({1, size, size, 3}, 0, 255, 200).to(device), 1}}, options);
  return [network, basic] { basic->step(); };
}

Step fast(int64_t size) {
  std::shared_ptr network = image_network(nn::pytorch_examples_transform(), false);
  const Variable picture(uniform({1, size, size, 3}, 0, 255, 100));
  return [=] { (*network)(picture); };
}

Variable adain_of(const Variable& content, const Variable& style) {
  return autograd::instance_norm(content, autograd::channel_std(style, {.eps = 1e-5}),
                                 autograd::channel_mean(style), {.eps = 1e-5});
}

Step adain(int64_t size) {
  std::shared_ptr encoder = image_network(nn::adain_encoder(), false);
  std::shared_ptr decoder = image_network(nn::adain_decoder(), false);
  const Variable content(uniform({1, size, size, 3}, 0, 1, 100)),
      style(uniform({1, size, size, 3}, 0, 1, 200));
  return [=] { (*decoder)(adain_of((*encoder)(content), (*encoder)(style))); };
}

Step train_fast(int64_t size) {
  constexpr int64_t kBatch = 4;
  const std::vector<std::string> layers{"relu1_2", "relu2_2", "relu3_3", "relu4_3"};
  auto loss_network = std::make_shared<LossNetwork>(vgg16(layers.back()));
  std::shared_ptr network = image_network(nn::pytorch_examples_transform(), true);
  auto adam = std::make_shared<nn::Adam>();
  const Variable pictures(uniform({kBatch, size, size, 3}, 0, 255, 100));
  std::map<std::string, Tensor> targets;
  for (const auto& [layer, map] :
       loss_network->features(Variable(uniform({kBatch, size, size, 3}, 0, 255, 200)), layers))
    targets[layer] = style_gram(map, StyleNormalisation::neural_style).value();
  return [=] {
    const Tensor content = loss_network->features(pictures, {"relu2_2"}).at("relu2_2").value();
    const auto maps = loss_network->features((*network)(pictures), layers);
    Variable loss = autograd::scale(autograd::mse(maps.at("relu2_2"), Variable(content)), 1e5);
    for (const auto& [layer, target] : targets) {
      const Variable gram = style_gram(maps.at(layer), StyleNormalisation::neural_style);
      loss = autograd::add(loss, autograd::scale(autograd::mse(gram, Variable(target)), 1e10));
    }
    network->zero_grad();
    autograd::backward(loss);
    adam->step(parameters_of(*network));
  };
}

Step train_adain(int64_t size) {
  constexpr int64_t kBatch = 8;
  constexpr std::array<size_t, 4> kStyleBlocks{1, 4, 7, 12};  // relu1_1, 2_1, 3_1, 4_1
  std::shared_ptr encoder = image_network(nn::adain_encoder(), false);
  std::shared_ptr decoder = image_network(nn::adain_decoder(), true);
  auto adam = std::make_shared<nn::Adam>(nn::AdamOptions{.learning_rate = 1e-4});
  const Variable content(uniform({kBatch, size, size, 3}, 0, 1, 100)),
      style(uniform({kBatch, size, size, 3}, 0, 1, 200));
  return [=] {
    const auto style_maps = encoder->outputs(style);
    const Variable target = adain_of((*encoder)(content), style_maps.back());
    const auto maps = encoder->outputs((*decoder)(target));
    Variable loss = autograd::mse(maps.back(), target);
    for (const size_t block : kStyleBlocks) {
      for (const auto& statistic :
           {+[](const Variable& x) { return autograd::channel_mean(x); },
            +[](const Variable& x) { return autograd::channel_std(x, {.eps = 1e-5}); }}) {
        loss = autograd::add(
            loss, autograd::scale(autograd::mse(statistic(maps[block]), statistic(style_maps[block])), 10));
      }
    }
    decoder->zero_grad();
    autograd::backward(loss);
    adam->step(parameters_of(*decoder));
  };
}

template <Step (*kStep)(int64_t)>
Step on_cpu(int64_t size, Device device) {
  if (device != kCpu) throw std::invalid_argument("step: only gatys runs on a GPU");
  return kStep(size);
}

const std::map<std::string, Step (*)(int64_t, Device)> kSteps{{"gatys", gatys},
                                                              {"fast", on_cpu<fast>},
                                                              {"adain", on_cpu<adain>},
                                                              {"train_fast", on_cpu<train_fast>},
                                                              {"train_adain", on_cpu<train_adain>}};

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 4 || argc > 6 || !kSteps.contains(argv[1])) {
    fmt::print(
        stderr,
        "usage: step gatys|fast|adain|train_fast|train_adain SIZE STEPS [DEVICE [fp32|tf32|bf16|fp16]]\n");
    return 2;
  }
  const Device device = argc > 4 ? Device::parse(argv[4]) : kCpu;
  check_usable(device);
  if (argc > 5) set_math_mode(device, tools::parse_math_mode(argv[5]));
  const Step step = kSteps.at(argv[1])(std::atoi(argv[2]), device);
  step();  // fills the memory pool and packs weights; Gatys' first one also evaluates the start
  synchronize(device);
  std::vector<double> seconds;
  for (int i = 0; i < std::atoi(argv[3]); ++i) {
    const auto start = std::chrono::steady_clock::now();
    step();
    synchronize(device);
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("{{\"seconds\": [{}], \"peak_rss_mb\": {}, \"peak_device_mb\": {}}}\n", fmt::join(seconds, ", "),
             usage.ru_maxrss / 1024, allocator(device).stats().peak >> 20);
} catch (const std::exception& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}
