#include "nn/transform_model.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "nn/deeplearnjs_folder.h"
#include "nn/layer_string.h"
#include "nn/transform_import.h"
#include "nn/value_range.h"

namespace nst::nn {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kKind = "transform";  // what the metadata call the network
constexpr int64_t kMaxStyles = 4096, kMaxFrame = 4096;

constexpr std::pair<ops::PaddingMode, std::string_view> kPaddings[] = {
    {ops::PaddingMode::zero, "zero"},
    {ops::PaddingMode::reflect, "reflect"},
    {ops::PaddingMode::replicate, "replicate"}};
constexpr std::pair<Borders, std::string_view> kBorders[] = {{Borders::centred, "centred"},
                                                             {Borders::tensorflow, "tensorflow"},
                                                             {Borders::valid_residuals, "valid_residuals"}};

template <class T, size_t N>
std::string name_in(const std::pair<T, std::string_view> (&names)[N], T value) {
  for (const auto& [known, name] : names) {
    if (known == value) return std::string(name);
  }
  throw std::invalid_argument("transform network: no name for this setting");
}

template <class T, size_t N>
T value_in(const std::pair<T, std::string_view> (&names)[N], const std::string& name) {
  for (const auto& [value, known] : names) {
    if (known == name) return value;
  }
  throw std::invalid_argument(fmt::format("transform network: '{}' is unknown", name));
}

int64_t bounded(const Json& json, const char* key, int64_t low, int64_t high) {
  const auto value = json.at(key).get<int64_t>();
  if (value < low || value > high) {
    throw std::invalid_argument(fmt::format("transform network: {} is {}", key, value));
  }
  return value;
}

ImageNetworkConfig config_from_json(const Json& json) {
  ImageNetworkConfig config{.blocks = parse_layers(json.at("layers").get<std::string>())};
  config.padding = value_in(kPaddings, json.at("padding").get<std::string>());
  config.borders = value_in(kBorders, json.at("borders").get<std::string>());
  config.frame = bounded(json, "frame", 0, kMaxFrame);
  config.bias = json.at("bias").get<bool>();
  config.norm.eps = json.at("norm_eps").get<double>();
  config.styles = bounded(json, "styles", 1, kMaxStyles);
  const Json& output = json.at("output");
  config.output = {output.at("tanh").get<bool>(), output.at("scale").get<double>(),
                   output.at("offset").get<double>()};
  if (config.blocks.back().channels != 3) {
    throw std::invalid_argument("transform network: the last layer must have 3 channels");
  }
  return config;
}

TransformModel from_metadata(const WeightFile& file) {
  const auto& metadata = file.metadata();
  TransformModel model{.state = {}, .origin = "nst"};
  try {
    const Json json = Json::parse(metadata.at("transform"));
    model.config = config_from_json(json);
    model.pixels = preprocessing_from_json(metadata.at("preprocessing"));
    model.styles = json.at("style_names").get<std::vector<std::string>>();
  } catch (const std::exception& error) {  // of JSON's parser, or missing
    file.fail(fmt::format("a transform network whose description makes no sense: {}", error.what()));
  }
  if (!model.styles.empty() && static_cast<int64_t>(model.styles.size()) != model.config.styles) {
    file.fail(fmt::format("{} names for {} styles", model.styles.size(), model.config.styles));
  }
  // An ONNX model has constants besides.
  for (const auto& [name, parameter] : ImageNetwork(model.config).state_dict()) {
    model.state[name] = file.read(name);
  }
  return model;
}

// Throws unless the tensors are this network's, all of their values finite.
void check(const WeightFile& file, TransformModel& model) {
  try {
    ImageNetwork(model.config).load_state_dict(model.state);
  } catch (const std::invalid_argument& error) {
    file.fail(error.what());
  }
  for (auto& [name, tensor] : model.state) {
    if (value_range(tensor).not_finite > 0)
      file.fail(fmt::format("tensor {} has values that are no numbers", name));
    tensor = tensor.to(DType::float32);
  }
}

}  // namespace

std::vector<std::string> style_names(const WeightFile& file) {
  const auto found = file.metadata().find("transform");
  if (found == file.metadata().end()) return {};
  try {
    return Json::parse(found->second).at("style_names").get<std::vector<std::string>>();
  } catch (const Json::exception& error) {
    file.fail(error.what());
  }
}

bool is_transform(const WeightFile& file) {
  const auto kind = file.metadata().find("network");
  return (kind != file.metadata().end() && kind->second == kKind) || is_published_transform(file);
}

TransformModel read_transform(const WeightFile& file) {
  const auto kind = file.metadata().find("network");
  TransformModel model =
      kind != file.metadata().end() && kind->second == kKind ? from_metadata(file) : import_transform(file);
  check(file, model);
  return model;
}

TransformModel read_transform(const std::filesystem::path& path) {
  return read_transform(std::filesystem::is_directory(path) ? open_deeplearnjs(path) : open_weights(path));
}

std::map<std::string, std::string> transform_metadata(const TransformModel& model) {
  const ImageNetworkConfig& config = model.config;
  const Json json{
      {"layers", layer_string(config.blocks)},
      {"padding", name_in(kPaddings, config.padding)},
      {"borders", name_in(kBorders, config.borders)},
      {"frame", config.frame},
      {"bias", config.bias},
      {"norm_eps", config.norm.eps},
      {"output",
       {{"tanh", config.output.tanh}, {"scale", config.output.scale}, {"offset", config.output.offset}}},
      {"styles", config.styles},
      {"style_names", model.styles}};
  return {
      {"network", std::string(kKind)}, {"transform", json.dump()}, {"preprocessing", to_json(model.pixels)}};
}

TransformModel single_style(const TransformModel& model, const StyleMix& mix) {
  if (model.config.styles == 1) return model;
  if (mix.empty()) {
    throw std::invalid_argument(fmt::format("which of {} styles?", model.config.styles));
  }
  for (const auto& share : mix) {
    if (share.style < 0 || share.style >= model.config.styles) {
      throw std::invalid_argument(fmt::format("no style {}, there are {}", share.style, model.config.styles));
    }
  }
  TransformModel single = model;
  single.config.styles = 1;
  single.styles.clear();
  if (mix.size() == 1 && !model.styles.empty()) {
    single.styles.push_back(model.styles.at(static_cast<size_t>(mix[0].style)));
  }
  single.state.clear();
  for (const auto& [name, parameter] : ImageNetwork(single.config).state_dict()) {
    if (model.state.contains(name)) {
      single.state[name] = model.state.at(name);
      continue;
    }
    std::vector<float> sum(static_cast<size_t>(parameter.numel()), 0);
    for (const auto& [style, weight] : mix) {
      const auto values = model.state.at(fmt::format("{}.{}", name, style)).to_vector<float>();
      for (size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<float>(weight) * values[i];
    }
    single.state[name] = Tensor::from<float>(parameter.shape(), sum);
  }
  return single;
}

std::unique_ptr<ImageNetwork> make_network(const TransformModel& model, DType dtype, Device device) {
  auto network = std::make_unique<ImageNetwork>(model.config, dtype, device);
  network->load_state_dict(model.state);
  network->requires_grad(false);
  return network;
}

}  // namespace nst::nn
