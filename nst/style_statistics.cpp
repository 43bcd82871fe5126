#include "nst/style_statistics.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "autograd/ops/blur.h"
#include "autograd/ops/elementwise.h"
#include "autograd/ops/gram.h"
#include "autograd/ops/mask.h"
#include "autograd/ops/pool.h"
#include "autograd/ops/slice.h"

namespace nst {
namespace {

using autograd::Variable;

int halvings(int depth, const std::string& layer) { return nn::vgg_layer_shape(depth, layer).halvings; }

Variable cropped(const Variable& map, const std::optional<Window>& core) {
  if (!core || *core == Window{0, 0, map.shape()[1], map.shape()[2]}) return map;
  return autograd::slice(autograd::slice(map, {1, core->top, core->height}), {2, core->left, core->width});
}

// `map` is weighted by the guide already.
Variable moments(const Variable& map, const StatisticPart& part) {
  const ops::GramParams mean{.scale = 1 / static_cast<double>(part.whole.height * part.whole.width)};
  Tensor ones = Tensor::full(map.shape().with(3, 1), 1, map.value().dtype(), map.value().device());
  if (part.guide.defined()) ones = ops::mask_forward(ones, part.guide);
  return autograd::concat({autograd::gram(map, mean), autograd::cross_gram(Variable(ones), map, mean)}, 1);
}

}  // namespace

std::vector<std::string> layers_of(const StyleTerm& term) {
  if (term.with.empty()) return {term.layer};
  return {term.layer, term.with};
}

std::vector<std::string> layers_of(const std::vector<StyleTerm>& terms) {
  std::vector<std::string> layers;
  for (const auto& term : terms) std::ranges::copy(layers_of(term), std::back_inserter(layers));
  std::ranges::sort(layers);
  layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
  return layers;
}

const std::string& summed_layer(int depth, const StyleTerm& term) {
  if (term.with.empty()) return term.layer;
  return halvings(depth, term.with) > halvings(depth, term.layer) ? term.with : term.layer;
}

PictureSize map_size(const nn::VggConfig& vgg, std::string_view layer, PictureSize picture) {
  const int shift = nn::vgg_layer_shape(vgg.depth, layer).halvings;
  const int64_t extra = vgg.ceil_mode ? (int64_t{1} << shift) - 1 : 0;
  return {(picture.height + extra) >> shift, (picture.width + extra) >> shift};
}

Variable style_statistic(const nn::FeatureMaps& maps, const StyleTerm& term, const StatisticParams& params,
                         const StatisticPart& part) {
  Variable a = maps.at(term.layer), b = term.with.empty() ? Variable() : maps.at(term.with);
  int64_t factor = 1;  // sides of the larger map by those of the smaller
  if (b.defined()) {
    const int deeper = halvings(params.depth, term.layer) - halvings(params.depth, term.with);
    Variable& larger = deeper < 0 ? a : b;
    factor = int64_t{1} << std::abs(deeper);
    if (term.blurs > 0) larger = autograd::blur(larger, term.blurs);
    if (factor > 1) {
      larger =
          autograd::average_pool(larger, {.kernel = factor, .stride = factor, .ceil_mode = params.ceil_mode});
    }
  }
  double shift = params.moments ? 0 : params.shift;
  for (Variable* map : {&a, &b}) {
    if (!map->defined()) continue;
    *map = cropped(*map, part.core);
    if (!part.guide.defined()) continue;
    if (params.guiding == Guiding::guided && shift != 0) *map = autograd::affine(*map, 1, shift);
    *map = autograd::mask(*map, part.guide);
  }
  if (part.guide.defined() && params.guiding == Guiding::guided) shift = 0;
  if (params.moments) return moments(a, part);
  const double scale = gram_scale(params.normalisation, a.shape()[3], (b.defined() ? b : a).shape()[3],
                                  part.whole.height * part.whole.width, factor * factor);
  const ops::GramParams gram{.shift = shift, .scale = scale};
  return b.defined() ? autograd::cross_gram(a, b, gram) : autograd::gram(a, gram);
}

}  // namespace nst
