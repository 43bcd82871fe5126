// Times whole steps of the methods, as JSON on standard output, for bench/compare/steps.py:
//   step WHAT SIZE STEPS [DEVICE [MATH]]
//   step weights WHAT FOLDER             writes what fast, quick and adain run with: FOLDER/WHAT.safetensors
//   and,
//                                        of the first two, FOLDER/WHAT.onnx
// WHAT is
//   gatys        an evaluation and an L-BFGS update, VGG16 to relu5_1, content relu4_2, five style layers
//   fast         a picture through pytorch/examples' transform network
//   quick        the same through the quick network of the bundled styles
//   adain        two pictures through the normalised VGG-19 to relu4_1, AdaIN, the decoder
//   train_fast   an update of that network, four pictures, VGG16's losses at relu1_2, 2_2, 3_3 and 4_3
//   train_adain  an update of that decoder, eight pairs, losses at relu1_1, 2_1, 3_1 and 4_1
// Pictures are square; random weights take as long as trained ones. Where a step makes a picture, its root
// mean square is told, by which other programs show that they ran the same network on the same pixels. Only
// gatys runs on a GPU, in fp32, tf32, bf16 or fp16.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <random>

#include "autograd/ops/channel_stats.h"
#include "autograd/ops/instance_norm.h"
#include "nn/known_networks.h"
#include "nn/safetensors.h"
#include "nn/transform_export.h"
#include "nst/adain/objective.h"
#include "nst/basic.h"
#include "nst/training/perceptual_loss.h"
#include "nst/training/trainer.h"
#include "tensor/ops/reduce.h"
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

// 0 to `range` by a formula that steps_torch.py and steps_onnx.py know.
Variable formula_picture(int64_t size, double range, uint64_t seed = 0) {
  std::vector<float> values(static_cast<size_t>(size * size * 3));
  for (uint64_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(range * static_cast<uint32_t>((i + seed) * 2654435761) / 4294967296.0);
  return Variable(Tensor::from<float>({1, size, size, 3}, values));
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

// One call is one step; returns the picture that it made, if any.
using Step = std::function<Tensor()>;

Step gatys(int64_t size, Device device) {
  auto network = std::make_shared<LossNetwork>(vgg16("relu5_1", device));
  BasicOptions options{.init = Init::noise,
                       .lbfgs = {.tolerance_grad = 0, .tolerance_change = 0, .divergence_factor = INFINITY},
                       .iterations = 1 << 30};
  auto basic = std::make_shared<Basic>(
      *network, uniform({1, size, size, 3}, 0, 255, 100).to(device),
      std::vector<StylePicture>{{uniform({1, size, size, 3}, 0, 255, 200).to(device), 1}}, options);
  return [network, basic] {
    basic->step();
    return Tensor();
  };
}

Step transform(const nn::ImageNetworkConfig& config, int64_t size) {
  std::shared_ptr network = image_network(config, false);
  return [network, picture = formula_picture(size, 255)] { return (*network)(picture).value(); };
}
Step fast(int64_t size) { return transform(nn::pytorch_examples_transform(), size); }
Step quick(int64_t size) { return transform(nn::quick_transform(), size); }

Variable adain_of(const Variable& content, const Variable& style) {
  return autograd::instance_norm(content, autograd::channel_std(style, {.eps = 1e-5}),
                                 autograd::channel_mean(style), {.eps = 1e-5});
}

Step adain(int64_t size) {
  std::shared_ptr encoder = image_network(nn::adain_encoder(), false);
  std::shared_ptr decoder = image_network(nn::adain_decoder(), false);
  const Variable content = formula_picture(size, 1), style = formula_picture(size, 1, 1 << 20);
  return [=] { return (*decoder)(adain_of((*encoder)(content), (*encoder)(style))).value(); };
}

// A training method with one micro-batch for ever.
class OneBatch : public TrainingMethod {
 public:
  void set_style_factor(double) override {}
  Tensor sample() override { return {}; }
  std::map<std::string, std::string> metadata() const override { return {}; }
};

class FastBatch : public OneBatch {
 public:
  explicit FastBatch(int64_t size)
      : loss_network_(vgg16("relu4_3")),
        loss_(loss_network_, {{uniform({1, size, size, 3}, 0, 255, 200), 1}}, johnson_options()),
        network_(image_network(nn::pytorch_examples_transform(), true)),
        photographs_(uniform({4, size, size, 3}, 0, 255, 100)) {}
  nn::Module& network() override { return *network_; }
  TrainingLoss loss(int64_t) override {
    return loss_((*network_)(photographs_), photographs_.value(), /*style=*/0);
  }

 private:
  LossNetwork loss_network_;
  PerceptualLoss loss_;
  std::unique_ptr<nn::ImageNetwork> network_;
  Variable photographs_;
};

class AdainBatch : public OneBatch {
 public:
  explicit AdainBatch(int64_t size)
      : network_(nn::adain_encoder(), nn::adain_decoder()),
        photographs_(uniform({8, size, size, 3}, 0, 1, 100)),
        paintings_(uniform({8, size, size, 3}, 0, 1, 200)) {
    network_.load_state_dict(random_weights(network_));
    network_.encoder().requires_grad(false);
  }
  nn::Module& network() override { return network_; }
  TrainingLoss loss(int64_t) override {
    return {adain_losses(network_, network_.encoder(), photographs_, paintings_).total, {}};
  }

 private:
  AdainNetwork network_;
  Variable photographs_, paintings_;
};

template <class Method>
Step train(int64_t size) {
  auto method = std::make_shared<Method>(size);
  auto trainer = std::make_shared<Trainer>(*method, TrainerOptions{.adam = {.learning_rate = 1e-4}});
  return [method, trainer] {
    trainer->step();
    return Tensor();
  };
}

template <Step (*kStep)(int64_t)>
Step on_cpu(int64_t size, Device device) {
  if (device != kCpu) throw std::invalid_argument("step: only gatys runs on a GPU");
  return kStep(size);
}

const std::map<std::string, Step (*)(int64_t, Device)> kSteps{{"gatys", gatys},
                                                              {"fast", on_cpu<fast>},
                                                              {"quick", on_cpu<quick>},
                                                              {"adain", on_cpu<adain>},
                                                              {"train_fast", on_cpu<train<FastBatch>>},
                                                              {"train_adain", on_cpu<train<AdainBatch>>}};

void write_weights(const std::string& what, const std::filesystem::path& folder) {
  std::map<std::string, nn::ImageNetworkConfig> networks{{"fast", nn::pytorch_examples_transform()},
                                                         {"quick", nn::quick_transform()}};
  nn::StateDict state;
  if (const auto network = networks.find(what); network != networks.end()) {
    state = image_network(network->second, false)->state_dict();
    nn::write_transform(folder / (what + ".onnx"), {.config = network->second, .state = state});
  } else if (what == "adain") {
    for (const auto& [part, config] :
         {std::pair{"encoder.", nn::adain_encoder()}, {"decoder.", nn::adain_decoder()}}) {
      for (const auto& [name, tensor] : image_network(config, false)->state_dict())
        state[part + name] = tensor;
    }
  } else {
    throw std::invalid_argument("step: weights are of fast, quick or adain");
  }
  nn::write_safetensors(folder / (what + ".safetensors"), state);
}

double root_mean_square(const Tensor& x) {
  return x.defined() ? std::sqrt(ops::dot(x, x).item() / static_cast<double>(x.numel())) : 0;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc == 4 && argv[1] == std::string("weights")) {
    write_weights(argv[2], argv[3]);
    return 0;
  }
  if (argc < 4 || argc > 6 || !kSteps.contains(argv[1])) {
    fmt::print(stderr,
               "usage: step gatys|fast|quick|adain|train_fast|train_adain SIZE STEPS [DEVICE "
               "[fp32|tf32|bf16|fp16]]\n"
               "       step weights fast|quick|adain FOLDER\n");
    return 2;
  }
  const Device device = argc > 4 ? Device::parse(argv[4]) : kCpu;
  check_usable(device);
  if (argc > 5) set_math_mode(device, tools::parse_math_mode(argv[5]));
  const Step step = kSteps.at(argv[1])(std::atoi(argv[2]), device);
  // The first fills the memory pool and packs weights; Gatys' also evaluates the start.
  const double rms = root_mean_square(step());
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
  fmt::print("{{\"seconds\": [{}], \"rms\": {}, \"peak_rss_mb\": {}, \"peak_device_mb\": {}}}\n",
             fmt::join(seconds, ", "), rms, usage.ru_maxrss / 1024, allocator(device).stats().peak >> 20);
} catch (const std::exception& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}
