// Two steps of training AdaIN's decoder, with formula weights, against PyTorch.
#include <gtest/gtest.h>

#include "autograd/engine.h"
#include "nn/adam.h"
#include "nn/known_networks.h"
#include "nst/adain/objective.h"
#include "tensor/ops/elementwise.h"
#include "tests/golden/networks.h"

namespace nst {
namespace {

using autograd::Variable;

class GoldenAdain : public ::testing::TestWithParam<std::pair<DType, double>> {};

TEST_P(GoldenAdain, two_training_steps) {
  const auto [dtype, tolerance] = GetParam();
  const testing::GoldenFile golden("adain_training");
  testing::Agreement agreement(fmt::format("AdaIN training, {}", name_of(dtype)), tolerance);
  const auto check = [&](const std::string& key, const Tensor& ours) {
    agreement.check(key, ours, golden.read(key, DType::float64));
  };
  AdainNetwork network(nn::adain_encoder(), nn::adain_decoder(), kNaotoAdain, dtype);
  const auto keys = nn::sequential_keys(network.decoder().config());
  network.encoder().load_state_dict(testing::formula_weights(
      "adain_encoder", network.encoder(), nn::sequential_keys(network.encoder().config())));
  network.encoder().requires_grad(false);
  network.decoder().load_state_dict(testing::formula_weights("adain_decoder", network.decoder(), keys));
  std::vector<Variable*> parameters;
  for (const auto& [name, parameter] : network.decoder().named_parameters()) parameters.push_back(parameter);

  const Variable content(golden.read("content", dtype)), style(golden.read("style", dtype));
  const AdainObjectiveOptions options{.content_weight = 1, .style_weight = 10};
  nn::Adam adam({.learning_rate = 1e-4});
  for (int i = 1; i <= 2; ++i) {
    const std::string step = fmt::format("step{}/", i);
    const auto losses = adain_losses(network, network.encoder(), content, style, options);
    check(step + "content_loss", losses.content.value());
    agreement.check(step + "style_loss", losses.style.value(),
                    ops::affine(golden.read(step + "style_loss", DType::float64), options.style_weight));
    check(step + "total", losses.total.value());
    network.zero_grad();
    autograd::backward(losses.total);
    if (i == 1) {
      nn::StateDict gradients;
      for (const auto& [name, p] : network.decoder().named_parameters()) gradients[name] = p->grad();
      const auto theirs = nn::to_published(gradients, keys);
      for (const auto& key : golden.names_below("step1")) {
        if (key.starts_with("grad_")) check(step + key, theirs.at(key.substr(5)));
      }
    }
    adam.step(parameters);
    const auto theirs = nn::to_published(network.decoder().state_dict(), keys);
    for (const std::string key : {"28.weight", "14.bias", "1.bias"}) check(step + key, theirs.at(key));
  }
}

// The file keeps float32. In float32 a gradient near 0 may have the other sign, and that is what Adam's first
// step follows.
INSTANTIATE_TEST_SUITE_P(types, GoldenAdain,
                         ::testing::Values(std::pair{DType::float64, 5e-7}, std::pair{DType::float32, 5e-3}),
                         [](const auto& info) { return std::string(name_of(info.param.first)); });

}  // namespace
}  // namespace nst
