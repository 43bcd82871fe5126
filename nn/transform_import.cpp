#include "nn/transform_import.h"

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <stdexcept>

#include "nn/known_networks.h"
#include "nn/layer_string.h"
#include "nn/published_keys.h"

namespace nst::nn {
namespace {

// What precedes a name that ends with `marker`: "", "state_dict.", "module.".
std::optional<std::string> prefix_of(const WeightFile& file, std::string_view marker) {
  for (const auto& [name, stored] : file.tensors()) {
    if (!name.ends_with(marker)) continue;
    const std::string prefix = name.substr(0, name.size() - marker.size());
    if (prefix.empty() || prefix.ends_with('.')) return prefix;
  }
  return std::nullopt;
}

bool has(const WeightFile& file, const std::string& name) { return file.tensors().contains(name); }

// A convolution's output channels.
int64_t channels_of(const WeightFile& file, const std::string& weight) {
  const auto found = file.tensors().find(weight);
  if (found == file.tensors().end()) file.fail(fmt::format("no tensor {}", weight));
  if (found->second.shape.rank() != 4) {
    file.fail(fmt::format("tensor {} {} is no convolution's", weight, found->second.shape.to_string()));
  }
  return found->second.shape[0];
}

// How many of NAME1, NAME2, ... are there.
int count_of(const std::function<bool(int)>& is_there) {
  int count = 0;
  while (count < 256 && is_there(count)) ++count;
  return count;
}

// c9s1-A,dB,dC,RCxN, then `ends` with {0}, {1} for A and B.
std::vector<Block> johnson_like(const WeightFile& file, const std::string (&weights)[3], int residuals,
                                std::string_view ends) {
  int64_t channels[3];
  for (int i = 0; i < 3; ++i) channels[i] = channels_of(file, weights[i]);
  const std::string middle = residuals > 0 ? fmt::format("R{}x{},", channels[2], residuals) : "";
  const std::string up = fmt::format(fmt::runtime(ends), channels[0], channels[1]);
  try {
    return parse_layers(
        fmt::format("c9s1-{},d{},d{},{}{}", channels[0], channels[1], channels[2], middle, up));
  } catch (const std::invalid_argument& error) {
    file.fail(error.what());
  }
}

// The parameters that `config` has, from the tensors that `keys` pairs with its modules.
StateDict renamed(const WeightFile& file, const std::string& prefix, const ImageNetworkConfig& config,
                  const KeyMap& keys) {
  std::map<std::string, std::string> theirs(keys.begin(), keys.end());
  StateDict state;
  ImageNetwork network(config);
  for (const auto& [name, parameter] : network.named_parameters()) {
    const size_t dot = name.rfind('.');
    state[name] = file.read(prefix + theirs.at(name.substr(0, dot)) + name.substr(dot));
  }
  return state;
}

constexpr std::string_view kNearestEnds = "U2,c3s1-{1},U2,c3s1-{0},c9s1-3";
constexpr std::string_view kTransposedEnds = "u{1},u{0},c9s1-3";

// ---- pytorch/examples, and gordicaleksa's, which calls the upper end otherwise

TransformModel examples_like(const WeightFile& file, const std::string& prefix, bool gordicaleksa) {
  const int residuals =
      count_of([&](int i) { return has(file, fmt::format("{}res{}.conv1.conv2d.weight", prefix, i + 1)); });
  TransformModel model{
      .config = {.blocks = johnson_like(file,
                                        {prefix + "conv1.conv2d.weight", prefix + "conv2.conv2d.weight",
                                         prefix + "conv3.conv2d.weight"},
                                        residuals, kNearestEnds)},
      .state = {},
      .origin = gordicaleksa ? "gordicaleksa" : "pytorch/examples"};
  KeyMap keys = pytorch_examples_keys(residuals);
  if (gordicaleksa) {
    model.pixels = kTorchvisionPreprocessing;
    for (auto& [ours, theirs] : keys) {
      if (ours == "up3.conv") {
        theirs = "up3.conv2d";
      } else if (theirs.starts_with("deconv")) {
        theirs = "up" + theirs.substr(6) + ".conv2d";
      }
    }
  }
  model.state = renamed(file, prefix, model.config, keys);
  return model;
}

// ---- rrmina's

TransformModel rrmina(const WeightFile& file, const std::string& prefix) {
  if (has(file, prefix + "ConvBlock.0.norm_layer.running_mean")) {
    file.fail("a transform network with batch normalisation, which is not supported");
  }
  const int residuals = count_of(
      [&](int i) { return has(file, fmt::format("{}ResidualBlock.{}.conv1.conv_layer.weight", prefix, i)); });
  TransformModel model{.config = {.blocks = johnson_like(file,
                                                         {prefix + "ConvBlock.0.conv_layer.weight",
                                                          prefix + "ConvBlock.2.conv_layer.weight",
                                                          prefix + "ConvBlock.4.conv_layer.weight"},
                                                         residuals, kTransposedEnds)},
                       .pixels = {.bgr = true, .scale = 255},
                       .state = {},
                       .origin = "rrmina"};
  KeyMap keys{{"up3.conv", "DeconvBlock.4.conv_layer"}};
  const auto add = [&](const std::string& block, const std::string& suffix, const std::string& theirs,
                       const std::string& layer) {
    keys.emplace_back(block + ".conv" + suffix, theirs + "." + layer);
    keys.emplace_back(block + ".norm" + suffix, theirs + ".norm_layer");
  };
  for (int i = 0; i < 3; ++i)
    add(fmt::format("down{}", i + 1), "", fmt::format("ConvBlock.{}", 2 * i), "conv_layer");
  for (int i = 0; i < residuals; ++i) {
    for (int stage = 1; stage <= 2; ++stage) {
      add(fmt::format("residual{}", i + 1), std::to_string(stage),
          fmt::format("ResidualBlock.{}.conv{}", i, stage), "conv_layer");
    }
  }
  for (int i = 0; i < 2; ++i) {
    add(fmt::format("up{}", i + 1), "", fmt::format("DeconvBlock.{}", 2 * i), "conv_transpose");
  }
  model.state = renamed(file, prefix, model.config, keys);
  return model;
}

// ---- lengstrom's

// (H, W, I, O) as (O, I, H, W): a convolution's kernel. A transposed one's, (H, W, out, in), becomes
// (in, out, H, W) in the same way.
Tensor from_hwio(const Tensor& kernel) {
  const auto source = kernel.to_vector<float>();
  const int64_t h = kernel.size(0), w = kernel.size(1), in = kernel.size(2), out = kernel.size(3);
  std::vector<float> result(source.size());
  for (int64_t pixel = 0; pixel < h * w; ++pixel) {
    for (int64_t i = 0; i < in; ++i) {
      for (int64_t o = 0; o < out; ++o) {
        result[static_cast<size_t>((o * in + i) * h * w + pixel)] =
            source[static_cast<size_t>((pixel * in + i) * out + o)];
      }
    }
  }
  return Tensor::from<float>({out, in, h, w}, result);
}

TransformModel lengstrom(const WeightFile& file) {
  const auto shape = file.tensors().at("Variable").shape;
  if (shape.rank() != 4) file.fail("its first variable is no convolution's");
  TransformModel model{
      .config = lengstrom_transform(shape[3]), .state = {}, .origin = "lengstrom/fast-style-transfer"};
  int next = 0;
  const auto variable = [&](int rank) {
    const std::string name = next == 0 ? "Variable" : fmt::format("Variable_{}", next);
    ++next;
    Tensor tensor = file.read(name).to(DType::float32);
    if (tensor.rank() != rank) {
      file.fail(fmt::format("variable {} {} should have {} axes", name, tensor.shape().to_string(), rank));
    }
    return tensor;
  };
  const auto add = [&](const std::string& block, const std::string& suffix) {
    model.state[block + ".conv" + suffix + ".weight"] = from_hwio(variable(4));
    model.state[block + ".norm" + suffix + ".bias"] = variable(1);  // the shift comes first
    model.state[block + ".norm" + suffix + ".weight"] = variable(1);
  };
  for (const Block& block : model.config.blocks) {
    if (block.kind == Block::Kind::residual) {
      add(block.name, "1");
      add(block.name, "2");
    } else {
      add(block.name, "");
    }
  }
  return model;
}

// ---- Which of them

struct Family {
  std::string_view marker;  // a tensor that only this one has
  TransformModel (*read)(const WeightFile& file, const std::string& prefix);
};
constexpr Family kFamilies[] = {
    {"deconv1.conv2d.weight",
     [](const WeightFile& file, const std::string& prefix) { return examples_like(file, prefix, false); }},
    {"up1.conv2d.conv2d.weight",
     [](const WeightFile& file, const std::string& prefix) { return examples_like(file, prefix, true); }},
    {"ConvBlock.0.conv_layer.weight", rrmina},
    {"Variable_47", [](const WeightFile& file, const std::string&) {
       if (!has(file, "Variable")) file.fail("lacks its first variable");
       return lengstrom(file);
     }}};

}  // namespace

bool is_published_transform(const WeightFile& file) {
  for (const Family& family : kFamilies) {
    if (prefix_of(file, family.marker)) return true;
  }
  return false;
}

TransformModel import_transform(const WeightFile& file) {
  for (const Family& family : kFamilies) {
    if (const auto prefix = prefix_of(file, family.marker)) return family.read(file, *prefix);
  }
  file.fail(fmt::format(
      "not a transform network: none of its {} tensors has a name known from one (the first is {})",
      file.tensors().size(), file.tensors().empty() ? "missing" : file.tensors().begin()->first));
}

bool is_pytorch_examples(const ImageNetworkConfig& config) {
  if (config.blocks.size() < 6 || config.styles != 1) return false;
  const auto of = [&](size_t i) { return config.blocks[i].channels; };
  const size_t residuals = config.blocks.size() - 6;
  ImageNetworkConfig expected;
  const std::string middle = residuals > 0 ? fmt::format("R{}x{},", of(2), residuals) : "";
  try {
    expected.blocks = parse_layers(
        fmt::format("c9s1-{0},d{1},d{2},{3}U2,c3s1-{1},U2,c3s1-{0},c9s1-3", of(0), of(1), of(2), middle));
  } catch (const std::invalid_argument&) {
    return false;
  }
  return config.blocks == expected.blocks && config.padding == expected.padding &&
         config.borders == expected.borders && config.frame == 0 && config.bias &&
         config.norm.eps == expected.norm.eps && config.output == expected.output;
}

StateDict pytorch_examples_state(const TransformModel& model) {
  if (!is_pytorch_examples(model.config)) {
    throw std::invalid_argument("not of pytorch/examples' architecture, so its names do not fit");
  }
  return to_published(model.state, pytorch_examples_keys(static_cast<int>(model.config.blocks.size()) - 6));
}

}  // namespace nst::nn
