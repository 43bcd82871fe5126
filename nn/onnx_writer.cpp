#include "nn/onnx_writer.h"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "tensor/file.h"

namespace nst::nn {
namespace {

constexpr int kOpset = 17, kIrVersion = 8;
using Integers = std::vector<int64_t>;

// Builds the graph node by node. A value is known by its name.
class Graph {
 public:
  explicit Graph(onnx::GraphProto& graph) : graph_(graph) {}

  struct Node {
    onnx::NodeProto* proto;
    Node& integers(const char* name, const Integers& values) {
      auto* attribute = add(name, onnx::AttributeProto::INTS);
      for (const int64_t value : values) attribute->add_ints(value);
      return *this;
    }
    Node& real(const char* name, double value) {
      add(name, onnx::AttributeProto::FLOAT)->set_f(static_cast<float>(value));
      return *this;
    }
    Node& text(const char* name, const std::string& value) {
      add(name, onnx::AttributeProto::STRING)->set_s(value);
      return *this;
    }
    operator std::string() const { return proto->output(0); }  // NOLINT: a node stands for its output

   private:
    onnx::AttributeProto* add(const char* name, onnx::AttributeProto::AttributeType type) {
      auto* attribute = proto->add_attribute();
      attribute->set_name(name);
      attribute->set_type(type);
      return attribute;
    }
  };

  Node node(const std::string& op, const std::vector<std::string>& inputs) {
    auto* proto = graph_.add_node();
    proto->set_op_type(op);
    proto->set_name(fmt::format("{}_{}", op, graph_.node_size()));
    for (const auto& input : inputs) proto->add_input(input);
    proto->add_output(proto->name());
    return {proto};
  }
  std::string parameter(const std::string& name, const Tensor& tensor) {
    const Tensor values = tensor.to(DType::float32).to(kCpu);
    return initialiser(name, onnx::TensorProto::FLOAT, {values.shape().begin(), values.shape().end()},
                       values.raw(), values.bytes());
  }
  std::string constant(const Integers& values) {
    return initialiser(constant_name(), onnx::TensorProto::INT64, {static_cast<int64_t>(values.size())},
                       values.data(), values.size() * sizeof(int64_t));
  }
  std::string constant(const std::vector<float>& values) {
    return initialiser(constant_name(), onnx::TensorProto::FLOAT, {static_cast<int64_t>(values.size())},
                       values.data(), values.size() * sizeof(float));
  }

 private:
  std::string constant_name() { return fmt::format("constant_{}", graph_.initializer_size()); }
  std::string initialiser(const std::string& name, onnx::TensorProto::DataType type, const Integers& sizes,
                          const void* data, size_t bytes) {
    auto* tensor = graph_.add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(type);
    for (const int64_t size : sizes) tensor->add_dims(size);
    tensor->set_raw_data(data, bytes);
    return name;
  }

  onnx::GraphProto& graph_;
};

class Exporter {
 public:
  Exporter(const TransformModel& model, Graph& graph) : model_(model), config_(model.config), graph_(graph) {}

  std::string run(std::string x) {
    x = pixels(x, /*back=*/false);
    if (config_.frame > 0) x = pad(x, config_.frame, ops::PaddingMode::reflect);
    for (const Block& block : config_.blocks) x = run(block, x);
    const OutputRange& output = config_.output;
    if (output.tanh) x = graph_.node("Tanh", {x});
    if (output.scale != 1) {
      x = graph_.node("Mul", {x, graph_.constant(std::vector<float>{static_cast<float>(output.scale)})});
    }
    if (output.offset != 0) {
      x = graph_.node("Add", {x, graph_.constant(std::vector<float>{static_cast<float>(output.offset)})});
    }
    return pixels(x, /*back=*/true);
  }

 private:
  // RGB 0..255 to what the network takes, or back: a channel is a multiple of one and an offset.
  std::string pixels(const std::string& x, bool back) {
    const Preprocessing& p = model_.pixels;
    if (p == kByteRangePreprocessing) return x;
    constexpr double kRange = 255;
    std::vector<double> weight(9, 0), bias(3);
    for (int k = 0; k < 3; ++k) {
      const int channel = p.bgr ? 2 - k : k;
      if (back) {
        weight[channel * 3 + k] = p.std[k] * kRange / p.scale;
        bias[channel] = p.mean[k] * kRange / p.scale;
      } else {
        weight[k * 3 + channel] = p.scale / kRange / p.std[k];
        bias[k] = -p.mean[k] / p.std[k];
      }
    }
    const std::string name = back ? "from_pixels" : "to_pixels";
    return graph_.node("Conv",
                       {x, graph_.parameter(name + "_weight", Tensor::from<double>({3, 3, 1, 1}, weight)),
                        graph_.parameter(name + "_bias", Tensor::from<double>({3}, bias))});
  }

  std::string pad(const std::string& x, int64_t pixels, ops::PaddingMode mode) {
    const std::string pads = graph_.constant(Integers{0, 0, pixels, pixels, 0, 0, pixels, pixels});
    return graph_.node("Pad", {x, pads}).text("mode", mode == ops::PaddingMode::reflect ? "reflect" : "edge");
  }

  std::string convolution(const Block& block, const std::string& name, std::string x) {
    const int64_t k = block.kernel, s = block.stride, border = k / 2;
    std::vector<std::string> inputs{"", parameter(name + ".weight")};
    if (block.kind == Block::Kind::transposed) {
      inputs[0] = x;
      // What is cut off at each end so that s times the size is left; PyTorch's crop may leave too little.
      const int64_t crop = config_.borders == Borders::tensorflow ? std::max<int64_t>(k - s, 0) / 2 : border;
      const int64_t behind = k - s - crop;
      return graph_.node("ConvTranspose", inputs)
          .integers("strides", {s, s})
          .integers("pads", {crop, crop, std::max<int64_t>(behind, 0), std::max<int64_t>(behind, 0)})
          .integers("output_padding", {std::max<int64_t>(-behind, 0), std::max<int64_t>(-behind, 0)});
    }
    const bool valid = config_.borders == Borders::valid_residuals && block.kind == Block::Kind::residual;
    const bool zeros = config_.padding == ops::PaddingMode::zero;
    if (!zeros && !valid && border > 0) x = pad(x, border, config_.padding);
    inputs[0] = x;
    if (config_.bias) inputs.push_back(parameter(name + ".bias"));
    Graph::Node node =
        graph_.node("Conv", inputs).integers("strides", {s, s}).integers("kernel_shape", {k, k});
    if (zeros && config_.borders == Borders::tensorflow) {
      node.text("auto_pad", "SAME_UPPER");
    } else if (zeros && !valid) {
      node.integers("pads", {border, border, border, border});
    }
    return node;
  }

  std::string stage(const Block& block, const std::string& suffix, bool relu, std::string x) {
    x = convolution(block, block.name + ".conv" + suffix, x);
    if (block.norm) {
      const std::string name = block.name + ".norm" + suffix;
      x = graph_.node("InstanceNormalization", {x, parameter(name + ".weight"), parameter(name + ".bias")})
              .real("epsilon", config_.norm.eps);
    }
    return relu ? std::string(graph_.node("Relu", {x})) : x;
  }

  std::string run(const Block& block, std::string x) {
    if (block.kind == Block::Kind::residual) {
      const std::string y = stage(block, "2", false, stage(block, "1", true, x));
      if (config_.borders == Borders::valid_residuals) {
        const int64_t crop = block.kernel / 2 * 2;
        x = graph_.node("Slice", {x, graph_.constant(Integers{crop, crop}),
                                  graph_.constant(Integers{-crop, -crop}), graph_.constant(Integers{2, 3})});
      }
      return graph_.node("Add", {x, y});
    }
    if (block.upsample > 1) {
      const auto factor = static_cast<float>(block.upsample);
      x = graph_.node("Resize", {x, "", graph_.constant(std::vector<float>{1, 1, factor, factor})})
              .text("mode", "nearest")
              .text("coordinate_transformation_mode", "asymmetric")
              .text("nearest_mode", "floor");
    }
    return stage(block, "", block.relu, x);
  }

  std::string parameter(const std::string& name) { return graph_.parameter(name, model_.state.at(name)); }

  const TransformModel& model_;
  const ImageNetworkConfig& config_;
  Graph& graph_;
};

void describe(onnx::ValueInfoProto* value, const std::string& name) {
  value->set_name(name);
  auto* tensor = value->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(onnx::TensorProto::FLOAT);
  auto* shape = tensor->mutable_shape();
  shape->add_dim()->set_dim_param("n");
  shape->add_dim()->set_dim_value(3);
  // An output's size may differ by a few pixels from the input's.
  shape->add_dim()->set_dim_param(name + "_height");
  shape->add_dim()->set_dim_param(name + "_width");
}

}  // namespace

void write_onnx(const std::filesystem::path& path, const TransformModel& model) {
  if (model.config.styles != 1) throw std::invalid_argument("write_onnx: the network has several styles");
  onnx::ModelProto proto;
  proto.set_ir_version(kIrVersion);
  proto.set_producer_name("nst");
  proto.add_opset_import()->set_version(kOpset);
  for (const auto& [key, value] : transform_metadata(model)) {
    auto* entry = proto.add_metadata_props();
    entry->set_key(key);
    entry->set_value(value);
  }
  auto* graph_proto = proto.mutable_graph();
  graph_proto->set_name("transform");
  describe(graph_proto->add_input(), "input");
  describe(graph_proto->add_output(), "output");
  Graph graph(*graph_proto);
  const std::string result = Exporter(model, graph).run("input");
  auto* last = graph_proto->add_node();
  last->set_op_type("Identity");
  last->set_name("last");
  last->add_input(result);
  last->add_output("output");

  std::string bytes;
  if (!proto.SerializeToString(&bytes)) throw std::runtime_error("the ONNX model cannot be serialised");
  write_file_atomically(path, std::as_bytes(std::span(bytes)));
}

}  // namespace nst::nn
