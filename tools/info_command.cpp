// nst info: what a weight file or a picture holds.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <variant>
#include <vector>

#include "nn/layer_string.h"
#include "nn/transform_model.h"
#include "nn/value_range.h"
#include "nn/vgg_weights.h"
#include "nn/weight_file.h"
#include "nst/adain/weights.h"
#include "nst/image.h"
#include "tensor/printable.h"
#include "tools/commands.h"

namespace nst::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kExamples = R"(Examples:
  nst info photo.jpg
  nst info vgg19-dcbb9e9d.pth
  nst info --json candy.pth | python3 -m json.tool)";

constexpr size_t kMaxName = 100;   // bytes of a tensor's name that are shown
constexpr size_t kMaxValue = 200;  // and of a value in the metadata
constexpr size_t kMaxText = 1000;  // of what a network is

struct TensorInfo {
  std::string name;
  nn::StoredType type;
  Shape shape;
  nn::ValueRange range;
};

struct NetworkInfo {
  std::string text, input;  // what it is, and what its pixels mean
  Json object;
};

struct WeightsInfo {
  std::string format;
  uint64_t bytes = 0;
  // The network, or why it is none that is known.
  std::variant<NetworkInfo, std::string> network;
  std::map<std::string, std::string> metadata;
  std::vector<TensorInfo> tensors;
};

NetworkInfo describe_vgg(const nn::WeightFile& file) {
  const nn::VggWeights vgg = nn::read_vgg(file);
  const auto properties = nn::vgg_metadata(vgg);
  const std::string& name = properties.at("network");
  return {fmt::format("{}, up to {}", name, vgg.deepest), properties.at("preprocessing"),
          Json{{"name", name},
               {"deepest", vgg.deepest},
               {"preprocessing", Json::parse(properties.at("preprocessing"))}}};
}

NetworkInfo describe_transform(const nn::WeightFile& file) {
  const nn::TransformModel model = nn::read_transform(file);
  const std::string layers = nn::layer_string(model.config.blocks), pixels = nn::to_json(model.pixels);
  std::string text = fmt::format("transform network ({}), {}", model.origin, layers);
  if (model.config.styles > 1) {
    text += fmt::format(", {} styles: {}", model.config.styles, fmt::join(model.styles, ", "));
  }
  return {text, pixels,
          Json{{"name", "transform"},
               {"origin", model.origin},
               {"layers", layers},
               {"styles", model.styles},
               {"preprocessing", Json::parse(pixels)}}};
}

NetworkInfo describe_adain(const nn::WeightFile& file) {
  const std::string architecture = nst::name_of(describe_adain_network(file).architecture);
  return {fmt::format("AdaIN network, {}", architecture), nn::to_json(nn::kPlainPreprocessing),
          Json{{"name", "adain"}, {"architecture", architecture}}};
}

NetworkInfo describe_network(const nn::WeightFile& file) {
  if (nn::is_transform(file)) return describe_transform(file);
  if (is_adain_network(file)) return describe_adain(file);
  return describe_vgg(file);
}

// Reads everything, so that a file whose index is sound and whose values are not is found out.
WeightsInfo examine(const nn::WeightFile& file) {
  WeightsInfo info{file.format(), file.bytes(), {}, file.metadata(), {}};
  for (const auto& [name, stored] : file.tensors()) {
    info.tensors.push_back({name, stored.type, stored.shape, nn::value_range(stored.read())});
  }
  try {
    info.network = describe_network(file);
  } catch (const std::runtime_error& error) {
    const std::string reason = error.what(), prefix = file.path() + ": ";
    info.network = reason.substr(reason.starts_with(prefix) ? prefix.size() : 0);
  }
  return info;
}

std::variant<WeightsInfo, ImageInfo> examine(const std::string& path) {
  const auto file = nn::FileBytes::map(path);
  if (file.size() == 0) file.fail("the file is empty");
  // Pictures first: what announces them is longer than what announces an ONNX model.
  if (!announced_image_format(file.bytes()).empty()) return describe_image(file.bytes(), path);
  if (nn::is_weight_file(file)) return examine(nn::open_weights(file));
  try {
    return describe_image(file.bytes(), path);  // a TGA, which announces nothing
  } catch (const std::runtime_error&) {
    file.fail(
        "neither a weight file (safetensors, PyTorch .pth, ONNX) nor a picture (JPEG, PNG, BMP, TGA, GIF, "
        "PSD, "
        "PNM)");
  }
}

std::string_view name_of_channels(int channels) {
  return channels == 1 ? "grey" : channels == 2 ? "grey and alpha" : channels == 3 ? "RGB" : "RGB and alpha";
}

// ---- As text

void print_line(std::string_view key, std::string_view value) { fmt::print("{:<12} {}\n", key, value); }

void print(const ImageInfo& image) {
  print_line("format", image.format);
  print_line("size", fmt::format("{} x {}", image.width, image.height));
  print_line("channels", fmt::format("{} ({})", image.channels, name_of_channels(image.channels)));
  print_line("bits", fmt::format("{} per channel", image.bits));
  const bool upright = image.orientation == 1;
  print_line("orientation",
             fmt::format("{} ({})", image.orientation, upright ? "upright" : "is turned upright when read"));
}

void print(const WeightsInfo& weights) {
  print_line("format", fmt::format("{}, {} bytes", weights.format, weights.bytes));
  if (const auto* network = std::get_if<NetworkInfo>(&weights.network)) {
    print_line("network", printable(network->text, kMaxText));
    print_line("input", network->input);
  } else {
    print_line("network", std::get<std::string>(weights.network));
  }
  for (const auto& [key, value] : weights.metadata) {
    print_line("metadata", fmt::format("{} = {}", printable(key, kMaxName), printable(value, kMaxValue)));
  }
  size_t widest = 0;
  int64_t elements = 0;
  for (const TensorInfo& tensor : weights.tensors) {
    widest = std::max(widest, printable(tensor.name, kMaxName).size());
    elements += tensor.shape.numel();
  }
  print_line("tensors", fmt::format("{}, {} values", weights.tensors.size(), elements));
  if (weights.tensors.empty()) return;
  fmt::print("\n{:<{}}  {:<20} {:<4} {:>11} {:>11} {:>11}\n", "name", widest, "shape", "type", "min", "mean",
             "max");
  for (const auto& [name, type, shape, range] : weights.tensors) {
    fmt::print("{:<{}}  {:<20} {:<4} {:>11.4g} {:>11.4g} {:>11.4g}", printable(name, kMaxName), widest,
               shape.to_string(), nn::name_of(type), range.min, range.mean, range.max);
    if (range.not_finite > 0) fmt::print("  {} not finite", range.not_finite);
    fmt::print("\n");
  }
}

// ---- As JSON

Json to_json(const ImageInfo& image) {
  return {{"kind", "image"},
          {"format", image.format},
          {"width", image.width},
          {"height", image.height},
          {"channels", image.channels},
          {"bits", image.bits},
          {"orientation", image.orientation}};
}

Json to_json(const WeightsInfo& weights) {
  Json object{{"kind", "weights"}, {"format", weights.format}, {"bytes", weights.bytes}};
  if (const auto* network = std::get_if<NetworkInfo>(&weights.network)) {
    object["network"] = network->object;
  } else {
    object["network"] = nullptr;
    object["network_unknown_because"] = std::get<std::string>(weights.network);
  }
  object["metadata"] = weights.metadata;
  object["tensors"] = Json::array();
  for (const auto& [name, type, shape, range] : weights.tensors) {
    object["tensors"].push_back({{"name", name},
                                 {"shape", std::vector<int64_t>(shape.begin(), shape.end())},
                                 {"dtype", nn::name_of(type)},
                                 {"min", range.min},  // NaN becomes null
                                 {"mean", range.mean},
                                 {"max", range.max},
                                 {"not_finite", range.not_finite}});
  }
  return object;
}

}  // namespace

void add_info_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("info", "Tell what a weight file or a picture holds");
  command->footer(kExamples);
  auto path = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  command->add_option("file", *path, "A weight file (safetensors, .pth, ONNX) or a picture")->required();
  command->add_flag("--json", *json, "Print a JSON object");
  command->callback([path, json] {
    const auto info = examine(*path);
    if (*json) {
      Json object{{"file", *path}};
      object.update(std::visit([](const auto& known) { return to_json(known); }, info));
      fmt::print("{}\n", object.dump(2, ' ', false, Json::error_handler_t::replace));
    } else {
      std::visit([](const auto& known) { print(known); }, info);
    }
  });
}

}  // namespace nst::tools
