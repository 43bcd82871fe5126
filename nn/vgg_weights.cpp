#include "nn/vgg_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "nn/vgg_layers.h"

namespace nst::nn {
namespace {

constexpr std::string_view kNormalised = "vgg19_normalised";  // the name of that network in metadata

std::vector<std::string> convolution_names(int depth) {
  auto names = vgg_layer_names(depth);
  std::erase_if(names, [](const std::string& name) { return !name.starts_with("conv"); });
  return names;
}

bool is_convolution(int depth, const std::string& name) {
  return std::ranges::count(vgg_layer_names(depth), name) == 1;
}

// Where the convolutions are in a Sequential: `step` layers each (itself, its ReLU, perhaps a pad), and one
// pooling after every block.
std::vector<int> sequential_indices(int depth, int first, int step) {
  std::vector<int> indices;
  int index = first;
  for (const auto& layer : vgg_layer_names(depth)) {
    if (layer.starts_with("conv")) {
      indices.push_back(index);
      index += step;
    } else if (layer.starts_with("pool")) {
      ++index;
    }
  }
  return indices;
}

// Which tensors of the file are a convolution's.
struct Source {
  std::string weight{}, bias{};
};

// What a file's names say.
struct Naming {
  int depth = 16;
  std::map<std::string, Source> convolutions{};  // by canonical name
  Preprocessing preprocessing{};
  bool normalised = false;  // its first layer, "0", is a 1x1 convolution
};

// ---- Sequential: features.N.weight, or N.weight
// ------------------------------------------------------------

// Sources by index, of the keys PREFIXn.weight and PREFIXn.bias.
std::map<int, Source> numbered_layers(const WeightFile& file, const std::string& prefix) {
  std::map<int, Source> layers;
  for (const auto& [key, tensor] : file.tensors()) {
    if (!key.starts_with(prefix)) continue;
    const std::string rest = key.substr(prefix.size());
    const size_t digits = rest.find_first_not_of("0123456789");
    if (digits == 0 || digits == std::string::npos || digits > 3) continue;
    const int index = std::stoi(rest.substr(0, digits));
    const std::string part = rest.substr(digits);
    if (part == ".weight") layers[index].weight = key;
    if (part == ".bias") layers[index].bias = key;
    if (part == ".running_mean") file.fail("a VGG with batch normalisation, which is not supported");
  }
  return layers;
}

// Names the layers when they are those of a depth, from its first on; nothing when they are neither's.
std::optional<Naming> match_sequential(const std::map<int, Source>& layers, int first, int step,
                                       std::initializer_list<int> depths) {
  for (const int depth : depths) {
    const auto indices = sequential_indices(depth, first, step);
    const auto names = convolution_names(depth);
    Naming naming{.depth = depth};
    for (size_t i = 0; i < indices.size() && layers.contains(indices[i]); ++i) {
      naming.convolutions.emplace(names[i], layers.at(indices[i]));
    }
    if (!naming.convolutions.empty() && naming.convolutions.size() == layers.size()) return naming;
  }
  return std::nullopt;
}

std::optional<Naming> torchvision_naming(const WeightFile& file) {
  constexpr std::string_view kFirst = "features.0.weight";
  for (const auto& [key, tensor] : file.tensors()) {
    if (!key.ends_with(kFirst)) continue;
    const std::string outer = key.substr(0, key.size() - kFirst.size());
    auto naming = match_sequential(numbered_layers(file, outer + "features."), 0, 2, {16, 19});
    if (!naming) file.fail("the layers under 'features.' are not those of VGG-16 or VGG-19");
    // Caffe's classifier begins with a Flatten, which shifts its numbers.
    const bool caffe = file.tensors().contains(outer + "classifier.1.weight");
    naming->preprocessing = caffe ? kCaffePreprocessing : kTorchvisionPreprocessing;
    return naming;
  }
  return std::nullopt;
}

std::optional<Naming> normalised_naming(const WeightFile& file) {
  const auto first = file.tensors().find("0.weight");
  if (first == file.tensors().end() || first->second.shape != Shape{3, 3, 1, 1}) return std::nullopt;
  auto layers = numbered_layers(file, "");
  layers.erase(0);
  auto naming = match_sequential(layers, 2, 3, {19});
  if (!naming) file.fail("a 1x1 convolution, then layers that are not those of the normalised VGG-19");
  naming->normalised = true;
  return naming;
}

// ---- Names with block and convolution: conv1_1.weight, block1_conv1/kernel:0
// --------------------------------

// "module.conv3_2.weight" -> "conv3_2"; nothing when the key is no convolution's.
std::optional<std::string> parse_canonical(std::string_view key) {
  const size_t dot = key.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto part = key.substr(dot);
  if (part != ".weight" && part != ".bias") return std::nullopt;
  const auto layer = key.substr(0, dot);
  const auto name = layer.substr(layer.rfind('.') + 1);  // all of it when there is no other dot
  if (name.size() != 7 || !name.starts_with("conv") || name[5] != '_') return std::nullopt;
  return std::string(name);
}

// "functional_1/block3_conv2_1/Squeeze:0", "block3_conv2_W_1:0", "block3_conv2/kernel:0" -> "conv3_2"
std::optional<std::string> parse_keras(std::string_view key) {
  constexpr size_t kLength = 12;  // "block3_conv2"
  const size_t at = key.find("block");
  if (at == std::string_view::npos || (at > 0 && key[at - 1] != '/' && key[at - 1] != '.'))
    return std::nullopt;
  const auto name = key.substr(at);
  if (name.size() < kLength || name.substr(6, 5) != "_conv") return std::nullopt;
  if (name.size() > kLength && std::string_view("_/.").find(name[kLength]) == std::string_view::npos) {
    return std::nullopt;
  }
  return fmt::format("conv{}_{}", name[5], name[11]);
}

std::optional<Naming> named_naming(const WeightFile& file,
                                   std::optional<std::string> (*parse)(std::string_view)) {
  Naming naming{.preprocessing = kCaffePreprocessing};
  for (const auto& [key, tensor] : file.tensors()) {
    const auto name = parse(key);
    if (!name) continue;
    const int rank = tensor.shape.rank();
    auto& source = naming.convolutions[*name];
    auto& part = rank == 4 ? source.weight : source.bias;
    if ((rank != 4 && rank != 1) || !part.empty() || !is_convolution(19, *name)) {
      file.fail(fmt::format("tensor {} {} has no place in a VGG", key, tensor.shape.to_string()));
    }
    part = key;
    if (!is_convolution(16, *name)) naming.depth = 19;
  }
  if (naming.convolutions.empty()) return std::nullopt;
  return naming;
}

std::optional<Naming> naming_of(const WeightFile& file) {
  if (auto naming = torchvision_naming(file)) return naming;
  if (auto naming = named_naming(file, parse_canonical)) return naming;
  if (auto naming = named_naming(file, parse_keras)) return naming;
  return normalised_naming(file);
}

// ---- Values
// ------------------------------------------------------------------------------------------------

// (R, S, C, K) as Keras keeps kernels -> (K, C, R, S).
Tensor to_oihw(const Tensor& hwio) {
  const int64_t taps = hwio.size(0) * hwio.size(1), in = hwio.size(2), out = hwio.size(3);
  Tensor oihw = Tensor::empty({out, in, hwio.size(0), hwio.size(1)});
  const float* source = hwio.data<float>();
  float* target = oihw.mutable_data<float>();
  for (int64_t k = 0; k < out; ++k) {
    for (int64_t c = 0; c < in; ++c) {
      for (int64_t tap = 0; tap < taps; ++tap) *target++ = source[(tap * in + c) * out + k];
    }
  }
  return oihw;
}

Tensor read_finite(const WeightFile& file, const std::string& key) {
  Tensor tensor = file.read(key).to(DType::float32);
  const float* values = tensor.data<float>();
  if (!std::all_of(values, values + tensor.numel(), [](float v) { return std::isfinite(v); })) {
    file.fail(fmt::format("tensor {} holds values that are not finite", key));
  }
  return tensor;
}

// A 1x1 convolution that only reorders, scales and shifts the channels is preprocessing:
// BGR * 255 - mean is the matrix with 255 on its other diagonal.
Preprocessing preprocessing_of(const WeightFile& file) {
  const auto w = read_finite(file, "0.weight").to_vector<double>();  // (out, in)
  const auto b = read_finite(file, "0.bias").to_vector<float>();
  if (b.size() != 3) file.fail("tensor 0.bias must be (3)");
  Preprocessing result{.bgr = w[2] != 0};
  result.scale = w[result.bgr ? 2 : 0];
  for (size_t out = 0; out < 3; ++out) {
    for (size_t in = 0; in < 3; ++in) {
      const bool used = in == (result.bgr ? 2 - out : out);
      if (!(result.scale > 0) || w[out * 3 + in] != (used ? result.scale : 0)) {
        file.fail(
            "the first convolution does more than reorder and scale the channels, which is not supported");
      }
    }
    // The shortest decimal that is this float: 103.939, as published, not 103.93900299.
    result.mean[out] = std::stod(fmt::format("{}", -b[out]));
  }
  return result;
}

// The convolutions in order, checked against each other.
StateDict read_convolutions(const WeightFile& file, const Naming& naming, std::string& deepest) {
  StateDict state;
  int64_t channels = 3;
  size_t found = 0;
  for (const auto& name : convolution_names(naming.depth)) {
    const auto convolution = naming.convolutions.find(name);
    if (convolution == naming.convolutions.end()) break;
    const auto& [weight_key, bias_key] = convolution->second;
    if (weight_key.empty()) file.fail(fmt::format("{} has no weight", name));
    if (bias_key.empty()) file.fail(fmt::format("{} has no bias", name));
    // The shapes first, so that a tensor that is none of ours is not even read.
    const Shape& shape = file.tensors().at(weight_key).shape;
    const bool hwio = shape.rank() == 4 && shape == Shape{3, 3, channels, shape[3]} && shape[3] != 3;
    const int64_t out = shape.rank() == 4 ? shape[hwio ? 3 : 0] : 0;
    if (!hwio && shape != Shape{out, channels, 3, 3}) {
      file.fail(
          fmt::format("tensor {} must be (K, {}, 3, 3), got {}", weight_key, channels, shape.to_string()));
    }
    channels = out;
    const Shape& bias_shape = file.tensors().at(bias_key).shape;
    if (bias_shape != Shape{channels}) {
      file.fail(fmt::format("tensor {} must be ({}), got {}", bias_key, channels, bias_shape.to_string()));
    }
    const Tensor weight = read_finite(file, weight_key);
    state.emplace(name + ".weight", hwio ? to_oihw(weight) : weight);
    state.emplace(name + ".bias", read_finite(file, bias_key));
    deepest = name;
    ++found;
  }
  if (found < naming.convolutions.size()) {
    file.fail(fmt::format("{} of {} convolutions follow a missing one", naming.convolutions.size() - found,
                          naming.convolutions.size()));
  }
  return state;
}

}  // namespace

VggWeights read_vgg(const WeightFile& file) {
  const auto naming = naming_of(file);
  if (!naming) {
    file.fail(fmt::format("not a VGG: none of its {} tensors has a name known from one (the first is {})",
                          file.tensors().size(),
                          file.tensors().empty() ? "missing" : file.tensors().begin()->first));
  }
  VggWeights weights{
      .state = {}, .depth = naming->depth, .deepest = {}, .preprocessing = naming->preprocessing};
  weights.reflect_padding = weights.ceil_pooling = naming->normalised;
  if (naming->normalised) weights.preprocessing = preprocessing_of(file);
  weights.state = read_convolutions(file, *naming, weights.deepest);

  const auto& metadata = file.metadata();
  if (const auto found = metadata.find("preprocessing"); found != metadata.end()) {
    try {
      weights.preprocessing = preprocessing_from_json(found->second);
    } catch (const std::runtime_error& error) {
      file.fail(error.what());
    }
  }
  if (const auto found = metadata.find("network"); found != metadata.end()) {
    if (found->second == kNormalised) weights.reflect_padding = weights.ceil_pooling = true;
    // A truncated VGG-19 has the layers of a truncated VGG-16.
    if (found->second == "vgg19" || found->second == kNormalised) weights.depth = 19;
  }
  return weights;
}

std::map<std::string, std::string> vgg_metadata(const VggWeights& weights) {
  return {
      {"network", weights.reflect_padding ? std::string(kNormalised) : fmt::format("vgg{}", weights.depth)},
      {"preprocessing", to_json(weights.preprocessing)}};
}

}  // namespace nst::nn
