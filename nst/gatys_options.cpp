// What a Gatys objective may be asked for.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "nst/gatys_objective.h"
#include "tensor/names.h"

namespace nst {
namespace {

constexpr std::array<std::string_view, 4> kStyleLossNames{"gram", "wasserstein", "sliced_wasserstein",
                                                          "histogram"};
constexpr int kVggBlocks = 5;

void check_weight(std::string_view what, double weight) {
  if (!std::isfinite(weight) || weight < 0) {
    throw std::invalid_argument(
        fmt::format("{} must be a finite number of at least 0, got {}", what, weight));
  }
}

}  // namespace

std::span<const std::string_view> style_loss_names() { return kStyleLossNames; }
StyleLoss parse_style_loss(std::string_view name) {
  return parse_name<StyleLoss>("style loss", kStyleLossNames, name);
}

bool sorts(StyleLoss loss) { return loss == StyleLoss::sliced_wasserstein || loss == StyleLoss::histogram; }

void check_gatys_options(const GatysOptions& options, const std::vector<StylePicture>& styles,
                         Device device) {
  check_weight("content_weight", options.content_weight);
  check_weight("style_weight", options.style_weight);
  check_weight("tv_weight", options.tv_weight);
  for (const auto& [layer, weight] : options.content_layers) check_weight(layer + "'s weight", weight);
  for (const auto& term : options.style_layers) {
    if (!std::isfinite(term.weight)) {
      throw std::invalid_argument(
          fmt::format("{}'s weight must be a finite number, got {}", term.layer, term.weight));
    }
    if (term.blurs < 0 || (term.blurs > 0 && term.with.empty()))
      throw std::invalid_argument(term.layer + ": only correlations of two layers can be blurred");
  }
  if (!std::isfinite(options.activation_shift))
    throw std::invalid_argument("activation_shift must be a finite number");
  if (options.tile < 0) throw std::invalid_argument("tile must be at least 0 pixels");
  const auto is_pair = [](const StyleTerm& term) { return !term.with.empty(); };
  const std::string name(kStyleLossNames[static_cast<size_t>(options.style_loss)]);
  if (options.style_loss != StyleLoss::gram && std::ranges::any_of(options.style_layers, is_pair))
    throw std::invalid_argument("style loss " + name + ": is of single layers, not of pairs");
  if (sorts(options.style_loss) && options.tile > 0)
    throw std::invalid_argument("style loss " + name +
                                ": sorts a layer's pixels, which cannot be done tile by tile");
  if (sorts(options.style_loss) && device.type != DeviceType::cpu)
    throw std::invalid_argument("style loss " + name + ": runs on the CPU only");
  if (options.checkpointed_blocks < 0 || options.checkpointed_blocks > kVggBlocks)
    throw std::invalid_argument(fmt::format("checkpointed blocks: VGG has {}", kVggBlocks));
  for (const auto& style : styles) check_weight("a style's weight", style.weight);
  if (std::ranges::none_of(styles, [](const StylePicture& s) { return s.weight > 0; }))
    throw std::invalid_argument("basic: needs a style with a positive weight");
  const bool content =
      options.content_weight > 0 &&
      std::ranges::any_of(options.content_layers, [](const auto& l) { return l.weight > 0; });
  const bool style = options.style_weight > 0 &&
                     std::ranges::any_of(options.style_layers, [](const auto& t) { return t.weight != 0; });
  if (!content && !style && !(options.tv_weight > 0))
    throw std::invalid_argument("basic: every weight is zero, so there is nothing to do");
}

}  // namespace nst
