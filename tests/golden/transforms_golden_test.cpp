// Other programs' transform networks, read from files in their formats, against PyTorch.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "autograd/variable.h"
#include "nn/known_networks.h"
#include "nn/transform_import.h"
#include "nn/transform_model.h"
#include "nst/fast.h"
#include "tests/golden/golden.h"

namespace nst {
namespace {

using autograd::Variable;
using testing::Agreement;
using testing::formula;
using testing::GoldenFile;

double largest_difference(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.shape(), b.shape());
  const auto x = a.to_vector<double>(), y = b.to_vector<double>();
  double largest = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double difference = std::abs(x[i] - y[i]);
    if (!(difference <= largest)) largest = difference;  // NaN stays
  }
  return largest;
}

// The published weights themselves, within 1e-2 of 255.
TEST(GoldenTransforms, lengstroms_networks) {
  SKIP_WITHOUT_SHARED();
  const GoldenFile golden("transforms");
  for (const std::string name : {"la_muse", "udnie"}) {
    SCOPED_TRACE(name);
    const auto model = nn::read_transform(testing::shared_path("weights/fast_style_checkpoints/" + name));
    EXPECT_EQ(model.origin, "lengstrom/fast-style-transfer");
    const Variable x(golden.read(name + "/x", DType::float32));
    const double worst =
        largest_difference((*nn::make_network(model))(x).value(), golden.read(name + "/y", DType::float64));
    EXPECT_TRUE(worst <= 1e-2) << worst;
    std::printf("| %s, float32, of 255 | 1e-2 | %.1e |\n", name.c_str(), worst);
  }
}

TEST(GoldenTransforms, johnsons_own_network) {
  const GoldenFile golden("transforms");
  nn::TransformModel model{.config = nn::johnson_transform(4), .pixels = nn::kCaffePreprocessing};
  for (const auto& [name, tensor] : nn::ImageNetwork(model.config).state_dict()) {
    const Shape& shape = tensor.shape();
    // A bias before a norm is no part of a transposed convolution of ours, nor of the file's.
    if (shape.rank() == 4) {
      const double fan_in = static_cast<double>(shape.numel() / shape[0]);
      model.state[name] = formula("johnson/" + name, shape, std::sqrt(6 / fan_in), DType::float64);
    } else {
      const bool norm = name.find(".norm") != std::string::npos;
      auto values = formula("johnson/" + name, shape, norm ? 0.25 : 0.1, DType::float64).to_vector<double>();
      if (norm && name.ends_with("weight")) {
        for (double& v : values) v += 1;
      }
      model.state[name] = Tensor::from<double>(shape, values);
    }
  }
  const auto network = nn::make_network(model, DType::float64);
  // BGR minus the mean, as the network takes it.
  const Tensor x = golden.read("johnson/x", DType::float64);
  auto pixels = x.to_vector<double>();
  for (size_t i = 0; i < pixels.size(); i += 3) {
    std::swap(pixels[i], pixels[i + 2]);
    for (size_t c = 0; c < 3; ++c) pixels[i + c] -= nn::kCaffePreprocessing.mean[c];
  }
  Agreement agreement("transforms, float64: johnson", 1e-7);
  agreement.check("johnson/y", (*network)(Variable(Tensor::from<double>(x.shape(), pixels))).value(),
                  golden.read("johnson/y", DType::float64));
}

struct File {
  std::string name, origin, golden;
};
void PrintTo(const File& file, std::ostream* os) { *os << file.name; }

class GoldenTransformFiles : public ::testing::TestWithParam<File> {};

// From a file to pixels.
TEST_P(GoldenTransformFiles, are_recognised_and_compute_the_same) {
  const auto& [name, origin, key] = GetParam();
  const GoldenFile golden("transforms");
  const auto model =
      nn::read_transform(std::filesystem::path(NST_SOURCE_DIR "/tests/data/weights") / ("transform_" + name));
  EXPECT_EQ(model.origin, origin);
  const Tensor x = golden.read("x", DType::float32), expected = golden.read(key + "/y", DType::float64);
  const double worst = largest_difference(FastStyle(model)(x), expected);
  EXPECT_TRUE(worst <= 1e-2) << worst;
}

INSTANTIATE_TEST_SUITE_P(files, GoldenTransformFiles,
                         ::testing::Values(File{"examples.pth", "pytorch/examples", "examples"},
                                           File{"examples.onnx", "pytorch/examples", "examples"},
                                           File{"gordicaleksa.pth", "gordicaleksa", "gordicaleksa"},
                                           File{"rrmina.pth", "rrmina", "rrmina"}),
                         [](const auto& info) {
                           std::string name = info.param.name;
                           std::ranges::replace(name, '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace nst
