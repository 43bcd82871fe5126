// Every loss there is by name against PyTorch: its value, and its gradient.
#include "nst/losses.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "autograd/engine.h"
#include "autograd/ops/total_variation.h"
#include "nst/adain/objective.h"
#include "nst/sliced_wasserstein.h"
#include "nst/style_statistics.h"
#include "nst/wasserstein.h"
#include "tests/golden/golden.h"

namespace nst {
namespace {

using autograd::Variable;
using testing::Agreement;
using testing::GoldenFile;

constexpr PictureSize kPicture{.height = 28, .width = 40};

struct Case {
  std::string name;    // in the file
  std::string ours;    // the name users know it by
  std::string x;       // the input that the gradient is of
  std::string target;  // or style; empty where the loss has none
  std::function<Variable(const Variable& x, const Tensor& target)> loss;
};

Case style(const std::string& name, const std::string& x, const std::string& target, StyleNormalisation n,
           double shift = 0) {
  return {"style/" + name, "style " + std::string(name_of(n)), x, target,
          [=](const Variable& features, const Tensor& other) {
            const Tensor gram = style_gram(Variable(other), n, shift).value();
            return style_loss(style_gram(features, n, shift), gram, n, kPicture);
          }};
}

Case content(const std::string& name, ContentNormalisation n) {
  return {"content/" + name, "content " + std::string(name_of(n)), "x", "target",
          [=](const Variable& features, const Tensor& other) {
            return content_loss(features, other, n, kPicture);
          }};
}

// xunhuang1995 has an eps only under the root of the picture that is optimised.
Case statistics(const std::string& name, StatisticsNormalisation n, const AdainParams& params,
                const AdainParams& of_style) {
  return {"style/" + name, "statistics " + std::string(name_of(n)), "batch", "batch_style",
          [=](const Variable& features, const Tensor& style) {
            return statistics_loss(channel_statistics(features, params),
                                   channel_statistics(Variable(style), of_style), n);
          }};
}

Case wasserstein() {
  return {"style/wasserstein2", "wasserstein", "x", "style",
          [](const Variable& features, const Tensor& other) {
            const auto moments = [](const Variable& f) {
              return style_statistic({{"relu1_1", f}}, {"relu1_1"}, {.moments = true},
                                     {.whole = {f.shape()[1], f.shape()[2]}});
            };
            return WassersteinTarget(moments(Variable(other)).value()).loss(moments(features));
          }};
}

std::vector<Case> cases() {
  using Style = StyleNormalisation;
  using Content = ContentNormalisation;
  std::vector<Case> all{
      style("gatys", "x", "target", Style::gatys),
      style("gatys_other_size", "x", "style", Style::gatys),
      style("gatys_notebook", "x", "style", Style::gatys_notebook),
      style("neural_style", "x", "style", Style::neural_style),
      style("johnson_batch", "batch", "batch_style", Style::neural_style),
      style("titu1994", "x", "target", Style::titu1994, -1),
      statistics("adain_pytorch", StatisticsNormalisation::mean, kNaotoAdain, kNaotoAdain),
      statistics("adain_torch", StatisticsNormalisation::sum, {.eps = 1e-6}, {.eps = 0}),
      wasserstein(),
      content("mse", Content::mean),
      content("half_sum", Content::gatys),
      content("titu_type0", Content::titu1994_type0),
      content("titu_type1", Content::titu1994_type1),
      content("titu_type2", Content::titu1994_type2),
  };
  for (const auto name : ops::tv_variant_names()) {
    const auto tv = [variant = ops::parse_tv_variant(name)](const Variable& x, const Tensor&) {
      return autograd::total_variation(x, variant);
    };
    all.push_back({"tv/" + std::string(name), "tv " + std::string(name), "image", "", tv});
    all.push_back({"tv_batch/" + std::string(name), "tv " + std::string(name), "images", "", tv});
  }
  return all;
}

// In the file, and not among our losses yet.
const std::set<std::string> kNotYet{"content/scaled_mse",        "style/cross_layer_deep",
                                    "style/cross_layer_shallow", "style/guided",
                                    "style/johnson_sum",         "style/titu1994_masked"};
// On the CPU alone, in a test of their own.
const std::set<std::string> kOfDistributions{"style/histogram", "style/sliced_wasserstein"};

TEST(GoldenLosses, every_case_of_the_file_is_tested_or_known_to_be_missing) {
  std::set<std::string> known = kNotYet;
  known.insert(kOfDistributions.begin(), kOfDistributions.end());
  for (const Case& c : cases()) EXPECT_TRUE(known.insert(c.name).second) << c.name << " is there now";
  const auto stored = GoldenFile("losses").cases_with("loss");
  EXPECT_EQ(known, std::set<std::string>(stored.begin(), stored.end()));
}

TEST(GoldenLosses, every_normalisation_has_a_case) {
  std::set<std::string> tested, wanted{"wasserstein"};
  for (const Case& c : cases()) tested.insert(c.ours);
  for (const auto name : style_normalisation_names()) wanted.insert("style " + std::string(name));
  for (const auto name : statistics_normalisation_names()) wanted.insert("statistics " + std::string(name));
  for (const auto name : content_normalisation_names()) wanted.insert("content " + std::string(name));
  for (const auto name : ops::tv_variant_names()) wanted.insert("tv " + std::string(name));
  EXPECT_EQ(tested, wanted);
}

class GoldenLosses : public ::testing::TestWithParam<std::tuple<std::pair<DType, double>, Device>> {};

TEST_P(GoldenLosses, values_and_gradients) {
  const auto& [accuracy, device] = GetParam();
  const auto& [dtype, tolerance] = accuracy;
  const GoldenFile golden("losses");
  Agreement agreement(fmt::format("losses, {}{}", name_of(dtype), device == kCpu ? "" : ", CUDA"), tolerance);
  for (const Case& c : cases()) {
    const Variable x(golden.read(c.x, dtype).to(device), true);
    const Variable loss = c.loss(x, c.target.empty() ? Tensor() : golden.read(c.target, dtype).to(device));
    agreement.check(c.name + "/loss", loss.value(), golden.read(c.name + "/loss", DType::float64));
    autograd::backward(loss);
    agreement.check(c.name + "/grad", x.grad(), golden.read(c.name + "/grad", DType::float64));
  }
}

INSTANTIATE_TEST_SUITE_P(types, GoldenLosses,
                         ::testing::Combine(::testing::Values(std::pair{DType::float64, 1e-13},
                                                              std::pair{DType::float32, 2e-6}),
                                            ::testing::ValuesIn(testing::devices())));

TEST(GoldenLosses, of_distributions) {
  const GoldenFile golden("losses");
  for (const auto& [dtype, tolerance] : {std::pair{DType::float64, 1e-13}, {DType::float32, 2e-6}}) {
    Agreement agreement(fmt::format("losses of distributions, {}", name_of(dtype)), tolerance);
    for (const auto& name : kOfDistributions) {
      const Tensor directions = name == "style/histogram"
                                    ? Tensor()
                                    : testing::formula("losses.directions", {7, 6, 1, 1}, 1, dtype);
      const Tensor style = golden.read("style", dtype);
      const Variable x(golden.read("x", dtype), true);
      const Tensor target = sliced_quantiles(style, directions, {}, style.size(1) * style.size(2));
      const Variable loss = sliced_wasserstein(x, directions, {}, target);
      agreement.check(name + "/loss", loss.value(), golden.read(name + "/loss", DType::float64));
      autograd::backward(loss);
      agreement.check(name + "/grad", x.grad(), golden.read(name + "/grad", DType::float64));
    }
  }
}

}  // namespace
}  // namespace nst
