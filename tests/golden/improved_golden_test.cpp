// Whole objectives against PyTorch: Novak & Nikulin's, titu1994's, and guided Gram losses. The reference
// upsamples where we average (nst/style_statistics.h); that both agree is part of what is tested.
#include "nst/improved.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/golden/networks.h"

namespace nst {
namespace {

using testing::Agreement;
using testing::GoldenFile;

constexpr int64_t kSide = 32;

// improved.py's masks, (height, width).
Tensor left_half(bool inverted, DType dtype) {
  std::vector<double> mask(kSide * kSide);
  for (int64_t i = 0; i < kSide * kSide; ++i) mask[i] = (i % kSide < kSide / 2) != inverted ? 1 : 0;
  return Tensor::from<double>({kSide, kSide}, mask).to(dtype);
}
Tensor ramp(int64_t height, int64_t width, bool towards_right, DType dtype) {
  std::vector<double> mask(height * width);
  for (int64_t i = 0; i < height * width; ++i) {
    const int64_t column = towards_right ? i % width : width - 1 - i % width;
    const double x = static_cast<double>(column) / static_cast<double>(width - 1);
    mask[i] = x * x;
  }
  return Tensor::from<double>({height, width}, mask).to(dtype);
}

struct Case {
  std::string name;
  std::vector<StylePicture> styles;
  GatysOptions options;
};

std::vector<StyleTerm> all_layers() {
  std::vector<StyleTerm> terms;
  for (const auto& layer : every_conv_layer(16)) terms.push_back({layer});
  return terms;
}

GatysOptions paper(std::vector<StyleTerm> terms) {
  weigh(terms, LayerWeighting::shallow);
  return {.content_layers = {},
          .style_layers = terms,
          .style_normalisation = StyleNormalisation::gatys,
          .activation_shift = -1};
}

GatysOptions titu1994() {
  return {.content_layers = {{"relu5_2", 1}},
          .style_layers = titu1994_terms(16),
          .content_weight = 0.025,
          .tv_weight = 8.5e-5,
          .content_normalisation = ContentNormalisation::titu1994_type0,
          .style_normalisation = StyleNormalisation::titu1994,
          .tv_variant = ops::TvVariant::titu1994,
          .activation_shift = -1,
          .style_blend = StyleBlend::losses,
          .guiding = Guiding::titu1994};
}

std::vector<Case> cases(const GoldenFile& golden, DType dtype) {
  const auto picture = [&](const char* name) { return golden.read(name, dtype); };
  const Tensor a = picture("style_a"), b = picture("style_b"), c = picture("style_c");
  const Tensor left = left_half(false, dtype), right = left_half(true, dtype);
  GatysOptions guided{.content_layers = {},
                      .style_layers = {{"relu1_1"}, {"relu2_1"}, {"relu3_1"}},
                      .style_normalisation = StyleNormalisation::neural_style};
  const std::vector<StylePicture> regions{
      {a, 1, ramp(kSide, kSide, true, dtype), ramp(kSide, kSide, false, dtype)},
      {c, 3, ramp(kSide, kSide, false, dtype), ramp(24, 40, true, dtype)}};
  std::vector<Case> all{{"all_layers", {{c}}, paper(all_layers())},
                        {"chain", {{a}}, paper(correlation_chain(all_layers(), false))},
                        {"chain_blurred", {{a}}, paper(correlation_chain(all_layers(), true))},
                        {"titu1994", {{a, 1}, {b, 0.5}}, titu1994()},
                        {"titu1994_masked", {{a, 1, left, left}, {b, 1, right, right}}, titu1994()},
                        {"guided", regions, guided}};
  guided.activation_shift = -1;
  all.push_back({"guided_shifted", regions, guided});
  return all;
}

class GoldenImproved : public ::testing::TestWithParam<std::pair<DType, double>> {};

TEST_P(GoldenImproved, losses_and_gradients) {
  const auto& [dtype, tolerance] = GetParam();
  const GoldenFile golden("improved");
  const nn::VggConfig config{.depth = 16};
  const LossNetwork network(config, testing::formula_vgg_weights(config, dtype), nn::kCaffePreprocessing,
                            dtype);
  Agreement agreement(fmt::format("improved, {}", name_of(dtype)), tolerance);
  std::vector<std::string> tested;
  for (const Case& c : cases(golden, dtype)) {
    const GatysObjective objective(network, golden.read("content", dtype), c.styles, c.options);
    const auto evaluation = objective.evaluate(golden.read("x", dtype));
    const Tensor loss = Tensor::from<double>({1}, {objective.read(evaluation.terms).total});
    agreement.check(c.name + "/loss", loss, golden.read(c.name + "/loss", DType::float64));
    agreement.check(c.name + "/grad", evaluation.grad, golden.read(c.name + "/grad", DType::float64));
    tested.push_back(c.name);
  }
  std::ranges::sort(tested);
  EXPECT_EQ(tested, golden.cases_with("loss"));
}

INSTANTIATE_TEST_SUITE_P(types, GoldenImproved,
                         ::testing::Values(std::pair{DType::float64, 1e-10}, std::pair{DType::float32, 1e-4}),
                         [](const auto& info) { return std::string(name_of(info.param.first)); });

}  // namespace
}  // namespace nst
