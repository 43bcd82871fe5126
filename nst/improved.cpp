#include "nst/improved.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "tensor/names.h"

namespace nst {
namespace {

constexpr std::array<std::string_view, 3> kWeightingNames{"equal", "shallow", "deep"};

template <class Layer>
void weigh_all(std::vector<Layer>& layers, LayerWeighting weighting) {
  if (weighting == LayerWeighting::equal) return;
  // 1 for the heaviest, which is the first of the shallow or the last of the deep, and half of it for the
  // next
  double factor = 1, sum = 0;
  for (size_t i = 0; i < layers.size(); ++i, factor /= 2) sum += factor;
  factor = 1;
  for (size_t i = 0; i < layers.size(); ++i, factor /= 2) {
    layers[weighting == LayerWeighting::shallow ? i : layers.size() - 1 - i].weight *= factor / sum;
  }
}

template <class Layer>
std::vector<Layer> sorted_by_depth(int depth, std::vector<Layer> layers) {
  for (const auto& l : layers) nn::check_vgg_layer(depth, l.layer);
  const auto names = nn::vgg_layer_names(depth);
  std::ranges::stable_sort(layers, {},
                           [&](const Layer& l) { return std::ranges::find(names, l.layer) - names.begin(); });
  return layers;
}

}  // namespace

std::span<const std::string_view> layer_weighting_names() { return kWeightingNames; }
LayerWeighting parse_layer_weighting(std::string_view name) {
  return parse_name<LayerWeighting>("layer weighting", kWeightingNames, name);
}

std::vector<std::string> every_conv_layer(int depth) {
  auto names = nn::vgg_layer_names(depth);
  std::erase_if(names, [](const std::string& name) { return !name.starts_with("relu"); });
  return names;
}

void weigh(std::vector<StyleTerm>& terms, LayerWeighting weighting) { weigh_all(terms, weighting); }
void weigh(std::vector<LayerWeight>& layers, LayerWeighting weighting) { weigh_all(layers, weighting); }

std::vector<StyleTerm> by_depth(int depth, std::vector<StyleTerm> terms) {
  return sorted_by_depth(depth, std::move(terms));
}
std::vector<LayerWeight> by_depth(int depth, std::vector<LayerWeight> layers) {
  return sorted_by_depth(depth, std::move(layers));
}

std::vector<StyleTerm> correlation_chain(const std::vector<StyleTerm>& terms, bool blur) {
  if (terms.size() < 2) throw std::invalid_argument("a chain of correlations needs two style layers or more");
  std::vector<StyleTerm> chain;
  for (size_t i = 1; i < terms.size(); ++i) {
    if (!terms[i].with.empty() || !terms[i - 1].with.empty()) {
      throw std::invalid_argument(
          fmt::format("{}: a chain is made of layers, not of correlations", terms[i].layer));
    }
    chain.push_back({terms[i].layer, terms[i].weight, terms[i - 1].layer, blur ? 1 : 0});
  }
  return chain;
}

std::vector<StyleTerm> titu1994_terms(int depth) {
  const auto layers = every_conv_layer(depth);
  const int n = static_cast<int>(layers.size());
  std::vector<StyleTerm> terms;
  for (const auto& layer : layers) terms.push_back({layer, 0});
  for (int i = 0; i + 1 < n; ++i) {
    const double weight = std::ldexp(1.0, -(n - 2 - i));
    terms[i].weight += weight;
    terms[i + 1].weight -= weight;
  }
  return terms;
}

}  // namespace nst
