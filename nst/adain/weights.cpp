#include "nst/adain/weights.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <stdexcept>

#include "nst/sha256.h"

namespace nst {
namespace {

constexpr std::string_view kNetwork = "adain", kCompact = "compact";
constexpr int64_t kLargestWidth = 256;

std::string_view name_of(nn::AdainDepth depth) {
  return depth == nn::AdainDepth::relu3_1 ? "relu3_1" : "relu4_1";
}

// The whole number that a text is; none for any other text.
std::optional<int64_t> whole_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A key "PREFIX.16.weight": the convolution's number and the parameter.
struct NumberedKey {
  int64_t number;
  std::string parameter;
};
std::optional<NumberedKey> numbered(const std::string& key) {
  const size_t dot = key.rfind('.');
  if (dot == std::string::npos) return std::nullopt;
  const std::string path = key.substr(0, dot);
  const size_t before = path.rfind('.');
  const auto number = whole_number(before == std::string::npos ? path : path.substr(before + 1));
  if (!number) return std::nullopt;
  return NumberedKey{*number, key.substr(dot + 1)};
}

// A Sequential's convolutions in order.
struct NumberedConvolutions {
  std::map<int64_t, std::string> weights, biases;  // by number, the key
  Shape first;                                     // of the first weight
};
NumberedConvolutions numbered_convolutions(const nn::WeightFile& file) {
  NumberedConvolutions result;
  for (const auto& [key, stored] : file.tensors()) {
    const auto place = numbered(key);
    if (!place) continue;
    if (place->parameter == "weight" && stored.shape.rank() == 4) result.weights[place->number] = key;
    if (place->parameter == "bias" && stored.shape.rank() == 1) result.biases[place->number] = key;
  }
  if (result.weights.empty()) file.fail("not a decoder: no numbered convolutions");
  result.first = file.tensors().at(result.weights.begin()->second).shape;
  return result;
}

std::string metadata_of(const nn::WeightFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  return found == file.metadata().end() ? std::string() : found->second;
}

// Which decoder has this many convolutions and takes this many channels.
AdainArchitecture architecture_of(const nn::WeightFile& file, const NumberedConvolutions& convolutions) {
  for (const int vgg_depth : {19, 16}) {
    for (const auto depth : {nn::AdainDepth::relu4_1, nn::AdainDepth::relu3_1}) {
      const auto config = nn::adain_decoder(vgg_depth, depth);
      if (config.blocks.size() == convolutions.weights.size() &&
          config.in_channels == convolutions.first[1]) {
        return {.vgg_depth = vgg_depth, .depth = depth};
      }
    }
  }
  file.fail(fmt::format("not a decoder that is known: {} convolutions, the first of {}",
                        convolutions.weights.size(), convolutions.first.to_string()));
}

nn::StateDict decoder_state(const nn::WeightFile& file, const NumberedConvolutions& convolutions,
                            const nn::ImageNetworkConfig& config) {
  nn::StateDict state;
  auto weight = convolutions.weights.begin();
  for (const nn::Block& block : config.blocks) {
    const auto bias = convolutions.biases.find(weight->first);
    if (bias == convolutions.biases.end()) file.fail(fmt::format("{} has no bias", weight->second));
    state[block.name + ".conv.weight"] = file.read(weight->second);
    state[block.name + ".conv.bias"] = file.read(bias->second);
    ++weight;
  }
  return state;
}

// What does not fit is the file's fault.
void load(nn::Module& network, const nn::StateDict& state, const nn::WeightFile& file, bool strict) {
  try {
    network.load_state_dict(state, strict);
  } catch (const std::invalid_argument& error) {
    file.fail(error.what());
  }
}

}  // namespace

std::string name_of(const AdainArchitecture& a) {
  if (a.vgg_depth == 0) return fmt::format("{}{}", kCompact, a.width);
  return fmt::format("vgg{}_{}", a.vgg_depth, name_of(a.depth));
}

AdainArchitecture parse_adain_architecture(const std::string& name) {
  if (name.starts_with(kCompact)) {
    const auto width = whole_number(std::string_view(name).substr(kCompact.size()));
    if (width && *width >= 1 && *width <= kLargestWidth) return {.width = *width};
  }
  for (const int vgg_depth : {16, 19}) {
    for (const auto depth : {nn::AdainDepth::relu3_1, nn::AdainDepth::relu4_1}) {
      const AdainArchitecture architecture{.vgg_depth = vgg_depth, .depth = depth};
      if (name == name_of(architecture)) return architecture;
    }
  }
  throw std::invalid_argument(
      fmt::format("'{}' is no AdaIN network: expected compactN (N up to {}), vgg16_relu3_1, vgg16_relu4_1, "
                  "vgg19_relu3_1 or vgg19_relu4_1",
                  name, kLargestWidth));
}

std::unique_ptr<AdainNetwork> make_adain_network(const AdainArchitecture& a, const AdainParams& params,
                                                 Device device) {
  if (a.vgg_depth == 0) {
    return std::make_unique<AdainNetwork>(nn::compact_adain_encoder(a.width),
                                          nn::compact_adain_decoder(a.width), params, DType::float32, device);
  }
  return std::make_unique<AdainNetwork>(nn::adain_encoder(a.vgg_depth, a.depth),
                                        nn::adain_decoder(a.vgg_depth, a.depth), params, DType::float32,
                                        device);
}

nn::StateDict adain_encoder_state(const nn::VggWeights& vgg) {
  nn::StateDict state;
  for (const auto& [name, tensor] : nn::preprocessing_convolution(vgg.preprocessing, 1)) {
    state["preprocess.conv." + name] = tensor;
  }
  for (const auto& [name, tensor] : vgg.state) {  // "conv1_1.weight"
    const size_t dot = name.find('.');
    state[name.substr(0, dot) + ".conv" + name.substr(dot)] = tensor;
  }
  return state;
}

bool is_adain_network(const nn::WeightFile& file) { return metadata_of(file, "network") == kNetwork; }

AdainDescription describe_adain_network(const nn::WeightFile& file) {
  if (!is_adain_network(file)) file.fail("not an AdaIN network of this program");
  AdainDescription described;
  auto& [architecture, params] = described;
  try {
    architecture = parse_adain_architecture(metadata_of(file, "architecture"));
    params.variance =
        metadata_of(file, "variance") == "unbiased" ? ops::Variance::unbiased : ops::Variance::biased;
    params.eps = std::stod(metadata_of(file, "eps"));
  } catch (const std::logic_error& error) {  // also stod's
    file.fail(fmt::format("its metadata are damaged: {}", error.what()));
  }
  return described;
}

std::unique_ptr<AdainNetwork> load_adain_network(const nn::WeightFile& file, Device device) {
  const auto [architecture, params] = describe_adain_network(file);
  auto network = make_adain_network(architecture, params, device);
  load(*network, file.read_all(), file, true);
  network->requires_grad(false);
  return network;
}

std::unique_ptr<AdainNetwork> load_adain_network(const nn::WeightFile& encoder, const nn::WeightFile& decoder,
                                                 const AdainParams& params, Device device) {
  const auto convolutions = numbered_convolutions(decoder);
  AdainArchitecture architecture = architecture_of(decoder, convolutions);
  const nn::VggWeights vgg = nn::read_vgg(encoder);
  auto network = make_adain_network(architecture, params, device);
  load(network->decoder(), decoder_state(decoder, convolutions, network->decoder().config()), decoder, true);
  load(network->encoder(), adain_encoder_state(vgg), encoder, false);
  network->requires_grad(false);
  return network;
}

std::map<std::string, std::string> adain_metadata(const AdainArchitecture& architecture,
                                                  const AdainParams& params) {
  return {{"network", std::string(kNetwork)},
          {"architecture", name_of(architecture)},
          {"variance", params.variance == ops::Variance::biased ? "biased" : "unbiased"},
          {"eps", fmt::format("{}", params.eps)}};
}

std::string encoder_id(AdainNetwork& network) {
  std::string bytes;
  for (const auto& [name, tensor] : network.encoder().state_dict()) {
    const Tensor host = tensor.to(kCpu);
    bytes.append(static_cast<const char*>(host.raw()), host.bytes());
  }
  return sha256(std::as_bytes(std::span(bytes))).substr(0, 16);
}

}  // namespace nst
