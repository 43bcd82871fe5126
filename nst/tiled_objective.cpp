// GatysObjective tile by tile.
#include "autograd/engine.h"
#include "autograd/ops/elementwise.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/total_variation.h"
#include "nst/gatys_objective.h"
#include "nst/picture_tiles.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/slice.h"

namespace nst {

using autograd::Variable;

namespace {

void add_to(Tensor& sum, const Tensor& part) { sum = sum.defined() ? ops::add(sum, part) : part; }
void add_to(Variable& sum, const Variable& part) { sum = sum.defined() ? autograd::add(sum, part) : part; }

}  // namespace

GatysObjective::Evaluation GatysObjective::evaluate_tiled(const Tensor& x) const {
  const TileReach reach = tile_reach(network_.config().depth, layers_, options_.style_layers);
  const auto tiles = picture_tiles(size_, options_.tile, reach);

  // First pass: the statistics of the whole picture.
  std::vector<std::vector<Variable>> statistics(regions_.size());
  if (!regions_.empty()) {
    std::vector<std::vector<Tensor>> sums(regions_.size(), std::vector<Tensor>(options_.style_layers.size()));
    const autograd::NoGradGuard no_grad;
    for (const Tile& tile : tiles) {
      const auto add_statistics = [&](size_t t, const nn::FeatureMaps& maps) {
        for (size_t r = 0; r < sums.size(); ++r)
          add_to(sums[r][t], term_statistic(maps, t, regions_[r].guides[t], size_, &tile).value());
      };
      network_.read(Variable(read_window(x, tile.crop)), term_readers(add_statistics));
    }
    for (size_t r = 0; r < sums.size(); ++r) {
      for (const Tensor& sum : sums[r]) statistics[r].emplace_back(sum, true);
    }
  }

  // The losses, and their gradient by the statistics.
  std::vector<Tensor> style_terms, content_terms(content_targets_.size());
  Variable style_total;
  add_style_losses(statistics, style_total, style_terms);
  if (style_total.defined()) autograd::backward(style_total);

  // Second pass: <dL/dG, G of the tile> has the gradient that the whole picture's loss has there.
  Tensor grad = Tensor::zeros(x.shape(), x.dtype(), x.device());
  for (const Tile& tile : tiles) {
    const Variable crop(read_window(x, tile.crop), true);
    const auto [content, parts] = read_picture(crop, &tile);
    Variable total;
    for (size_t i = 0; i < content_terms.size(); ++i) {
      const Variable term =
          autograd::scale(content[i], options_.content_layers[i].weight * options_.content_weight);
      add_to(content_terms[i], term.value());
      add_to(total, term);
    }
    for (size_t r = 0; r < regions_.size(); ++r) {
      for (size_t t = 0; t < statistics[r].size(); ++t) {
        add_to(total, autograd::sum(autograd::mul(parts[r][t], Variable(statistics[r][t].grad()))));
      }
    }
    if (!total.defined()) break;  // total variation is all there is
    autograd::backward(total);
    add_to_window(grad, tile.crop, crop.grad());
  }

  // Total variation is cheap enough to see the whole.
  std::vector<Tensor> terms(1);
  terms.insert(terms.end(), content_terms.begin(), content_terms.end());
  terms.insert(terms.end(), style_terms.begin(), style_terms.end());
  if (options_.tv_weight > 0) {
    const Variable picture(x, true);
    const Variable tv =
        autograd::scale(autograd::total_variation(picture, options_.tv_variant), options_.tv_weight);
    autograd::backward(tv);
    grad = ops::add(grad, picture.grad());
    terms.push_back(tv.value());
  }
  for (size_t i = 1; i < terms.size(); ++i) add_to(terms[0], terms[i]);
  return {ops::concat(terms, 0), grad};
}

}  // namespace nst
