#include "nst/adain/objective.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "autograd/ops/elementwise.h"
#include "autograd/ops/squared_error.h"
#include "autograd/ops/total_variation.h"
#include "tensor/names.h"

namespace nst {
namespace {

using autograd::Variable;

constexpr std::array<std::string_view, 2> kStatisticsNames{"mean", "sum"};

// Each layer's place among the network's blocks, which are named by their convolutions.
std::vector<size_t> blocks_of(const nn::ImageNetwork& network, const std::vector<std::string>& layers) {
  const auto& blocks = network.config().blocks;
  std::vector<size_t> places;
  for (const std::string& layer : layers) {
    const auto found = std::ranges::find_if(blocks, [&](const nn::Block& block) {
      return layer.starts_with("relu") && block.name == "conv" + layer.substr(4);
    });
    if (found == blocks.end()) {
      throw std::invalid_argument(fmt::format("adain: the loss network has no layer '{}'", layer));
    }
    places.push_back(static_cast<size_t>(found - blocks.begin()));
  }
  return places;
}

void add_term(Variable& total, const Variable& term) {
  total = total.defined() ? autograd::add(total, term) : term;
}

}  // namespace

std::span<const std::string_view> statistics_normalisation_names() { return kStatisticsNames; }
std::string_view name_of(StatisticsNormalisation n) { return kStatisticsNames[static_cast<size_t>(n)]; }
StatisticsNormalisation parse_statistics_normalisation(std::string_view name) {
  return parse_name<StatisticsNormalisation>("style normalisation", kStatisticsNames, name);
}

Variable statistics_loss(const ChannelStatistics& statistics, const ChannelStatistics& wanted,
                         StatisticsNormalisation normalisation) {
  const Shape& shape = statistics.mean.shape();  // (N, C)
  const auto averaged = normalisation == StatisticsNormalisation::mean ? shape.numel() : shape[0];
  const double scale = 1.0 / static_cast<double>(averaged);
  return autograd::add(autograd::sum_of_squares(statistics.mean, wanted.mean, scale),
                       autograd::sum_of_squares(statistics.std, wanted.std, scale));
}

AdainLosses adain_losses(const AdainNetwork& network, const nn::ImageNetwork& loss_network,
                         const Variable& content, const Variable& style,
                         const AdainObjectiveOptions& options) {
  if (options.layers.empty()) throw std::invalid_argument("adain: no layers to compare");
  const auto blocks = blocks_of(loss_network, options.layers);
  const bool one_network = &network.encoder() == &loss_network;
  const AdainParams& params = network.params();
  const PictureSize size{content.shape()[1], content.shape()[2]};

  std::vector<ChannelStatistics> wanted;  // per layer
  Variable target, code, style_code;
  {
    // Where the loss network is the encoder, it is not trained.
    const autograd::NoGradGuard no_grad;
    const auto style_maps = loss_network.outputs(style);
    for (const size_t block : blocks) wanted.push_back(channel_statistics(style_maps[block], params));
    const Variable content_map = loss_network.outputs(content)[blocks.back()];
    target = adain(content_map, wanted.back(), params);
    if (one_network) code = content_map;
  }
  Variable stylised;
  if (one_network) {
    stylised = target;
  } else {
    code = network.encoder()(content);
    stylised = adain(code, channel_statistics(network.encoder()(style), params), params);
  }

  AdainLosses losses;
  losses.picture = network.decode(stylised, size);
  const auto maps = loss_network.outputs(losses.picture);
  if (options.content_weight > 0) {
    losses.content = autograd::scale(autograd::mse(maps[blocks.back()], target), options.content_weight);
    add_term(losses.total, losses.content);
  }
  if (options.style_weight > 0) {
    for (size_t l = 0; l < blocks.size(); ++l) {
      add_term(losses.style, statistics_loss(channel_statistics(maps[blocks[l]], params), wanted[l],
                                             options.style_normalisation));
    }
    losses.style = autograd::scale(losses.style, options.style_weight);
    add_term(losses.total, losses.style);
  }
  if (options.identity_weight > 0) {
    losses.identity =
        autograd::scale(autograd::mse(network.decode(code, size), content), options.identity_weight);
    add_term(losses.total, losses.identity);
  }
  if (options.tv_weight > 0) {
    losses.tv = autograd::scale(autograd::total_variation(losses.picture),
                                options.tv_weight / static_cast<double>(losses.picture.shape().numel()));
    add_term(losses.total, losses.tv);
  }
  if (!losses.total.defined()) throw std::invalid_argument("adain: every loss has weight 0");
  return losses;
}

}  // namespace nst
