// Every op against PyTorch: the value, and the gradient of sum(y v) by every input.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "autograd/engine.h"
#include "autograd/ops/channel_stats.h"
#include "autograd/ops/conv2d.h"
#include "autograd/ops/conv2d_transposed.h"
#include "autograd/ops/gram.h"
#include "autograd/ops/instance_norm.h"
#include "autograd/ops/pad.h"
#include "autograd/ops/pool.h"
#include "autograd/ops/resize.h"
#include "tests/golden/golden.h"

namespace nst {
namespace {

using autograd::Variable;
using ops::PaddingMode;
using ops::ResizeMode;
using ops::Variance;
using testing::Agreement;
using testing::GoldenFile;

using Inputs = std::map<std::string, Variable>;
using Op = std::function<Variable(Inputs& in)>;

// Every case by the name it has in the file.
std::map<std::string, Op> cases() {
  std::map<std::string, Op> all;

  const auto conv = [&](const std::string& name, const ops::Conv2dParams& params) {
    all["conv2d/" + name] = [=](Inputs& in) {
      return autograd::conv2d(in["x"], in["weight"], in["bias"], params);
    };
  };
  for (const auto& [name, mode] : {std::pair{"zero", PaddingMode::zero},
                                   {"reflect", PaddingMode::reflect},
                                   {"replicate", PaddingMode::replicate}}) {
    const std::string prefix = name;
    conv(prefix + "_3x3", {.padding = 1, .padding_mode = mode});
    conv(prefix + "_3x3_stride2", {.stride = 2, .padding = 1, .padding_mode = mode});
    if (mode != PaddingMode::replicate) conv(prefix + "_9x9", {.padding = 4, .padding_mode = mode});
    all["pad/" + (mode == PaddingMode::zero ? "constant" : prefix)] = [=](Inputs& in) {
      return autograd::pad(in["x"], {.top = 1, .bottom = 3, .left = 3, .right = 2, .mode = mode});
    };
  }
  conv("valid_3x3", {});
  conv("1x1", {});

  for (const bool ceil : {false, true}) {
    const std::string name = ceil ? "ceil" : "floor";
    all["max_pool/" + name] = [=](Inputs& in) { return autograd::max_pool(in["x"], {.ceil_mode = ceil}); };
    all["avg_pool/" + name] = [=](Inputs& in) {
      return autograd::average_pool(in["x"], {.ceil_mode = ceil});
    };
  }

  const auto resize = [&](const std::string& name, int64_t h, int64_t w, const ops::ResizeParams& params) {
    all["resize/" + name] = [=](Inputs& in) { return autograd::resize(in["x"], h, w, params); };
  };
  for (const auto& [name, h, w] :
       {std::tuple{"up", 12, 17}, {"double", 14, 20}, {"down", 3, 4}, {"mixed", 11, 6}}) {
    resize(std::string("nearest_") + name, h, w, {.mode = ResizeMode::nearest});
    resize(std::string("bilinear_") + name, h, w, {});
  }
  resize("bilinear_down_antialias", 3, 4, {.antialias = true});
  resize("bilinear_mixed_antialias", 11, 6, {.antialias = true});

  // Ours has no bias: a 1x1 convolution that changes nothing else adds it.
  all["conv_transpose2d/3x3_stride2"] = [](Inputs& in) {
    const Variable& x = in["x"];
    const int64_t channels = in["bias"].shape()[0];
    const Variable y =
        autograd::conv2d_transposed(x, in["weight"], ops::Conv2dWeight(in["weight"].value()),
                                    2 * x.shape()[1], 2 * x.shape()[2], {.stride = 2, .padding = 1});
    std::vector<double> identity(static_cast<size_t>(channels * channels), 0);
    for (int64_t c = 0; c < channels; ++c) identity[static_cast<size_t>(c * channels + c)] = 1;
    const Tensor weight = Tensor::from<double>({channels, channels, 1, 1}, identity).to(x.value().dtype());
    return autograd::conv2d(y, Variable(weight.to(x.value().device())), in["bias"]);
  };

  all["instance_norm/affine"] = [](Inputs& in) {
    return autograd::instance_norm(in["x"], in["gamma"], in["beta"], {.eps = 1e-5});
  };
  all["channel_mean/plain"] = [](Inputs& in) { return autograd::channel_mean(in["x"]); };
  for (const auto variance : {Variance::biased, Variance::unbiased}) {
    const std::string name = variance == Variance::biased ? "biased" : "unbiased";
    all["channel_std/" + name] = [=](Inputs& in) {
      return autograd::channel_std(in["x"], {.variance = variance, .eps = 1e-5});
    };
    all["adain/" + name] = [=](Inputs& in) {
      return autograd::instance_norm(
          in["x"], autograd::channel_std(in["style"], {.variance = variance, .eps = 1e-5}),
          autograd::channel_mean(in["style"]), {.eps = 1e-5, .variance = variance});
    };
  }
  all["gram/plain"] = [](Inputs& in) { return autograd::gram(in["x"]); };
  all["gram/cross"] = [](Inputs& in) { return autograd::cross_gram(in["x"], in["other"], {.shift = -1}); };
  all["gram/shift"] = [](Inputs& in) { return autograd::gram(in["x"], {.shift = -1}); };
  return all;
}

// In the file, and not among our ops yet.
const std::set<std::string> kNotYet{"resize/bicubic_double",          "resize/bicubic_down",
                                    "resize/bicubic_down_antialias",  "resize/bicubic_mixed",
                                    "resize/bicubic_mixed_antialias", "resize/bicubic_up"};

TEST(GoldenOps, every_case_of_the_file_is_tested_or_known_to_be_missing) {
  std::set<std::string> known = kNotYet;
  for (const auto& [name, op] : cases()) EXPECT_TRUE(known.insert(name).second) << name << " is there now";
  const auto stored = GoldenFile("ops").cases_with("y");
  EXPECT_EQ(known, std::set<std::string>(stored.begin(), stored.end()));
}

class GoldenOps : public ::testing::TestWithParam<std::tuple<std::pair<DType, double>, Device>> {};

TEST_P(GoldenOps, values_and_gradients) {
  const auto& [accuracy, device] = GetParam();
  const auto& [dtype, tolerance] = accuracy;
  const GoldenFile golden("ops");
  Agreement agreement(fmt::format("ops, {}{}", name_of(dtype), device == kCpu ? "" : ", CUDA"), tolerance);
  for (const auto& [name, op] : cases()) {
    SCOPED_TRACE(name);
    Inputs inputs;
    for (const std::string& input : golden.names_below(name)) {
      if (input != "y" && input != "v" && !input.starts_with("grad_"))
        inputs[input] = Variable(golden.read(name + "/" + input, dtype).to(device), true);
    }
    const Variable y = op(inputs);
    agreement.check(name + "/y", y.value(), golden.read(name + "/y", DType::float64));
    autograd::backward(y, golden.read(name + "/v", dtype).to(device));
    for (const auto& [input, variable] : inputs) {
      const std::string key = name + "/grad_" + input;
      agreement.check(key, variable.grad(), golden.read(key, DType::float64));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(types, GoldenOps,
                         ::testing::Combine(::testing::Values(std::pair{DType::float64, 1e-13},
                                                              std::pair{DType::float32, 2e-6}),
                                            ::testing::ValuesIn(testing::devices())));

}  // namespace
}  // namespace nst
