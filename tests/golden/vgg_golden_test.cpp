// VGG networks against PyTorch: features at every ReLU, and the gradient of sum(relu4_2 v) by the picture and
// by parameters.
#include <gtest/gtest.h>

#include <array>

#include "autograd/engine.h"
#include "autograd/ops/conv2d.h"
#include "autograd/ops/elementwise.h"
#include "autograd/ops/reduce.h"
#include "tests/golden/networks.h"

namespace nst {
namespace {

using autograd::Variable;
using testing::Agreement;
using testing::formula;
using testing::GoldenFile;

// Every `stride`-th row and column of (N, H, W, C), as the files keep them.
Tensor every(int64_t stride, const Tensor& x) {
  const auto values = x.to_vector<double>();
  const int64_t h = x.size(1), w = x.size(2), c = x.size(3);
  std::vector<double> kept;
  int64_t rows = 0;
  for (int64_t i = 0; i < x.size(0) * h; ++i) {
    if (i % h % stride != 0) continue;
    ++rows;
    for (int64_t j = 0; j < w; j += stride) {
      const auto pixel = values.begin() + (i * w + j) * c;
      kept.insert(kept.end(), pixel, pixel + c);
    }
  }
  return Tensor::from<double>({x.size(0), rows / x.size(0), (w + stride - 1) / stride, c}, kept);
}

// Mean, biased standard deviation and sum of squares of a whole map.
std::array<double, 3> statistics(const Tensor& x) {
  double sum = 0, squares = 0, deviations = 0;
  const auto values = x.to_vector<double>();
  const auto count = static_cast<double>(values.size());
  for (const double v : values) sum += v, squares += v * v;
  for (const double v : values) deviations += (v - sum / count) * (v - sum / count);
  return {sum / count, std::sqrt(deviations / count), squares};
}

// sum(relu4_2 v)
Variable loss_of(const Variable& relu4_2, const std::string& file) {
  const Tensor& y = relu4_2.value();
  const Variable v(formula(file + ".cotangent", y.shape(), 1, y.dtype()));
  return autograd::sum(autograd::mul(relu4_2, v));
}

struct Variant {
  std::string name;  // in the files
  nn::VggConfig config;
};
const Variant kMax{"max", {}}, kAverage{"average", {.pooling = nn::Pooling::average}};
const Variant kMaxCeil{"max_ceil", {.ceil_mode = true}},
    kMaxReplicate{"max_replicate", {.first_padding = ops::PaddingMode::replicate}};

void check_features(const std::string& file, const Variant& variant, const LossNetwork& network, DType dtype,
                    Agreement& features, Agreement& gradients) {
  constexpr std::array kStrides{5, 3, 2, 1, 1};  // by block
  const GoldenFile golden(file);
  const Variable picture(golden.read("image", dtype), true);
  std::vector<std::string> relus;
  for (const auto& name : nn::vgg_layer_names(16)) {
    if (name.starts_with("relu")) relus.push_back(name);
  }
  const auto maps = network.features(picture, relus);
  for (const auto& [name, map] : maps) {
    const std::string key = variant.name + "." + name;
    if (golden.contains(key)) {
      features.check(key, every(kStrides[name[4] - '1'], map.value()), golden.read(key, DType::float64));
    }
    // One by one: beside a sum of squares a mean would weigh nothing.
    const auto stats = golden.read(key + ".stats", DType::float64).to_vector<double>();
    for (size_t i = 0; i < stats.size(); ++i) {
      features.check(fmt::format("{}.stats[{}]", key, i),
                     Tensor::full({1}, statistics(map.value())[i], DType::float64),
                     Tensor::full({1}, stats[i], DType::float64));
    }
  }
  const Variable loss = loss_of(maps.at("relu4_2"), file);
  features.check(variant.name + ".loss", loss.value(), golden.read(variant.name + ".loss", DType::float64));
  autograd::backward(loss);
  gradients.check(variant.name + ".grad_image", picture.grad(),
                  golden.read(variant.name + ".grad_image", DType::float64));
}

class GoldenVgg : public ::testing::TestWithParam<std::pair<DType, double>> {};

TEST_P(GoldenVgg, formula_weights) {
  const auto& [dtype, tolerance] = GetParam();
  const std::string type(name_of(dtype));
  Agreement features("VGG16 of formula weights: features, " + type, tolerance);
  Agreement gradients("VGG16 of formula weights: gradients, " + type, tolerance);
  const auto weights = testing::formula_vgg_weights({}, dtype);
  for (const Variant& variant : {kMax, kAverage, kMaxCeil, kMaxReplicate}) {
    const LossNetwork network(variant.config, weights, nn::kCaffePreprocessing, dtype);
    check_features("vgg_formula", variant, network, dtype, features, gradients);
  }
}

TEST_P(GoldenVgg, formula_weights_parameter_gradients) {
  const auto& [dtype, tolerance] = GetParam();
  Agreement gradients("VGG16 of formula weights: parameter gradients, " + std::string(name_of(dtype)),
                      tolerance);
  const GoldenFile golden("vgg_formula");
  auto rgb = golden.read("image", DType::float64).to_vector<double>();
  std::vector<double> caffe(rgb.size());
  for (size_t i = 0; i < rgb.size(); ++i)
    caffe[i] = rgb[i - i % 3 + 2 - i % 3] - nn::kCaffePreprocessing.mean[i % 3];
  const Variable x(Tensor::from<double>({1, 27, 22, 3}, caffe).to(dtype));
  for (const Variant& variant : {kMax, kAverage, kMaxCeil, kMaxReplicate}) {
    nn::VggConfig config = variant.config;
    config.deepest = "relu4_2";
    nn::Vgg vgg(config, dtype);
    vgg.load_state_dict(testing::formula_vgg_weights(config, dtype));
    std::map<std::string, Variable*> wanted;
    for (const auto& [name, parameter] : vgg.named_parameters()) {
      const std::string key = variant.name + ".grad_" + name;
      if (!golden.contains(key)) continue;
      parameter->info()->requires_grad = true;
      wanted[key] = parameter;
    }
    EXPECT_EQ(wanted.size(), 4u);
    autograd::backward(loss_of(vgg.features(x, {"relu4_2"}).at("relu4_2"), "vgg_formula"));
    for (const auto& [key, parameter] : wanted)
      gradients.check(key, parameter->grad(), golden.read(key, DType::float64));
  }
}

// The encoder of AdaIN: the normalised VGG19, every border reflected, a partial last window pooled too. Its
// weights go by their places in the published file.
TEST_P(GoldenVgg, reflected_borders_and_ceil_mode) {
  const auto& [dtype, tolerance] = GetParam();
  Agreement agreement("AdaIN's encoder of formula weights, " + std::string(name_of(dtype)), tolerance);
  const GoldenFile golden("networks");
  const std::string network = "adain_encoder/";
  const nn::VggConfig config{.depth = 19,
                             .deepest = "relu4_1",
                             .ceil_mode = true,
                             .padding = ops::PaddingMode::reflect,
                             .first_padding = ops::PaddingMode::reflect};
  nn::Vgg vgg(config, dtype);
  nn::StateDict weights;
  size_t at = 0;
  constexpr std::array kIndices{2, 5, 9, 12, 16, 19, 22, 25, 29};
  for (const auto& name : nn::vgg_layer_names(19)) {
    if (!name.starts_with("conv") || at == kIndices.size()) continue;
    const int index = kIndices[at++];
    const Shape shape = vgg.state_dict().at(name + ".weight").shape();
    weights[name + ".weight"] = formula(fmt::format("{}{}.weight", network, index), shape,
                                        std::sqrt(6.0 / static_cast<double>(9 * shape[1])), dtype);
    weights[name + ".bias"] = formula(fmt::format("{}{}.bias", network, index), {shape[0]}, 0.1, dtype);
  }
  vgg.load_state_dict(weights);
  const Variable x(golden.read(network + "x", dtype), true);
  const Variable mixed =
      autograd::conv2d(x, Variable(formula(network + "0.weight", {3, 3, 1, 1}, std::sqrt(2.0), dtype)),
                       Variable(formula(network + "0.bias", {3}, 0.1, dtype)));
  const Variable y = vgg.features(mixed, {"relu4_1"}).at("relu4_1");
  agreement.check("adain_encoder/y", y.value(), golden.read(network + "y", DType::float64));
  autograd::backward(y, formula(network + "v", y.shape(), 1, dtype));
  agreement.check("adain_encoder/grad_x", x.grad(), golden.read(network + "grad_x", DType::float64));
}

INSTANTIATE_TEST_SUITE_P(types, GoldenVgg,
                         ::testing::Values(std::pair{DType::float64, 5e-7}, std::pair{DType::float32, 1e-4}));

TEST(GoldenVgg16, real_weights) {
  const auto weights = testing::stored_vgg16();
  SKIP_WITHOUT(weights);
  Agreement features("VGG16: features, float32", 1e-4), gradients("VGG16: gradients, float32", 1e-4);
  for (const Variant& variant : {kMax, kAverage}) {
    const LossNetwork network(variant.config, weights->state, weights->preprocessing);
    check_features("vgg16", variant, network, DType::float32, features, gradients);
  }
}

}  // namespace
}  // namespace nst
