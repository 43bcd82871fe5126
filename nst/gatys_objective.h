// The objective of Gatys et al. 2016, eq. 7, with total variation:
//   L(x) = content_weight * sum_l c_l content_l(x) + style_weight * sum_t s_t style_t(x) + tv_weight * tv(x)
// A style term is a layer's Gram matrix or, as Novak & Nikulin 2016 have it, the correlations of two layers.
//
// A style may be kept to a region of the picture, and taken from a region of its own picture (Gatys et al.
// 2017). Styles without a region share one target, the weighted mean of theirs; each style with one has its
// own, and style_t is the weighted mean of their losses.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nst/loss_network.h"
#include "nst/losses.h"
#include "nst/style_statistics.h"
#include "nst/wasserstein.h"
#include "tensor/ops/total_variation.h"

namespace nst {

struct Tile;

struct LayerWeight {
  std::string layer;  // "relu4_2"
  double weight = 1;
};

struct StylePicture {
  Tensor picture;     // (1, H, W, 3), RGB, 0..255; any size
  double weight = 1;  // relative to the other styles
  Tensor region =
      {};  // (H, W) in 0..1 of the content's size: where the style is wanted; undefined: everywhere
  Tensor source = {};  // (H, W) in 0..1 of the style picture's size: what of it is the style; undefined: all
};

// What becomes of several styles that share a region.
enum class StyleBlend {
  targets,  // one loss against the weighted mean of their correlations
  losses,   // the weighted sum of a loss each, weights as they are: titu1994
};

// What of a layer is compared.
enum class StyleLoss {
  gram,  // correlations
  // These know neither normalisation nor shift.
  wasserstein,         // mean and covariance, by nst/wasserstein.h
  sliced_wasserstein,  // distributions along random directions, by nst/sliced_wasserstein.h: on the CPU,
                       // without tiles
  histogram,           // each channel's distribution, likewise
};
std::span<const std::string_view> style_loss_names();
StyleLoss parse_style_loss(std::string_view name);
// Whether it compares distributions of features rather than sums over them.
bool sorts(StyleLoss loss);

struct GatysOptions {
  std::vector<LayerWeight> content_layers{{"relu4_2", 1}};
  std::vector<StyleTerm> style_layers{
      {"relu1_1", 1}, {"relu2_1", 1}, {"relu3_1", 1}, {"relu4_1", 1}, {"relu5_1", 1}};
  double content_weight = 1;
  double style_weight = 1;
  double tv_weight = 0;
  ContentNormalisation content_normalisation = ContentNormalisation::mean;
  StyleLoss style_loss = StyleLoss::gram;
  StyleNormalisation style_normalisation = StyleNormalisation::gatys_notebook;
  ops::TvVariant tv_variant = ops::TvVariant::squared;
  double activation_shift = 0;  // added to every feature before correlations; Novak & Nikulin use -1
  StyleBlend style_blend = StyleBlend::targets;
  Guiding guiding = Guiding::guided;
  Tensor content_region = {};  // (H, W) in 0..1 of the content's size: weight of the content loss, by pixel
  int64_t tile =
      0;  // side in pixels of the tiles that are evaluated one by one; 0: the whole picture at once
  int checkpointed_blocks = 0;  // of VGG, see LossNetwork::read
};

// Each term with its weights applied, so that they add up to the total.
struct LossTerms {
  double total = 0, content = 0, style = 0, tv = 0;
};

class GatysObjective {
 public:
  // Computes the targets. `network` must outlive the objective. Throws std::invalid_argument on unknown
  // layers, no style, masks of another size, or weights that are not finite or sum to zero.
  GatysObjective(const LossNetwork& network, const Tensor& content, const std::vector<StylePicture>& styles,
                 GatysOptions options);

  // The total loss at a picture (1, H, W, 3) of the content's size, and its terms for read(). On a GPU both
  // are still being computed when this returns: read the terms after backward(), not before, and it never
  // runs dry.
  std::pair<autograd::Variable, Tensor> operator()(const autograd::Variable& picture) const;
  // What the elements of these terms are; read() waits, once, until the device has computed them all.
  LossTerms split(const std::vector<double>& values) const;
  LossTerms read(const Tensor& terms) const { return split(terms.to_vector<double>()); }

  // The terms and the gradient at x, tile by tile where the options have it so. The result is the same, up to
  // rounding: correlations are sums over pixels, so a first pass adds them up, tile by tile and without a
  // graph; the losses' gradient by them is then known, and a second pass sends it back through each tile.
  struct Evaluation {
    Tensor terms, grad;
  };
  Evaluation evaluate(const Tensor& x) const;

  const GatysOptions& options() const { return options_; }

 private:
  // Styles that share a region.
  struct Region {
    double weight;                // of its losses
    std::vector<Tensor> guides;   // per term, of the size of its summed layer's map; undefined: everywhere
    std::vector<Tensor> targets;  // per term, a statistic
    std::vector<WassersteinTarget> moments = {};  // per term, where the loss is Wasserstein's
    std::vector<Tensor> weights = {};  // per term, the guides' squares, where distributions are compared
  };

  StatisticParams statistic_params() const;
  std::vector<Tensor> guides_for(const Tensor& mask, PictureSize picture) const;
  // Per term, of a picture as a whole or tile by tile.
  std::vector<Tensor> read_statistics(const Tensor& picture, const std::vector<Tensor>& guides) const;
  std::vector<Tensor> read_distributions(const Tensor& picture, const std::vector<Tensor>& weights) const;
  void add_style(const StylePicture& style, double weight_sum);
  void read_content(const Tensor& content);
  bool is_tiled(PictureSize picture) const;

  // One reader per content layer, or style term, told its number.
  using NumberedReader = std::function<void(size_t number, const nn::FeatureMaps& maps)>;
  std::vector<LayerReader> content_readers(const NumberedReader& read) const;
  std::vector<LayerReader> term_readers(const NumberedReader& read) const;

  autograd::Variable term_statistic(const nn::FeatureMaps& maps, size_t term, const Tensor& guide,
                                    PictureSize picture, const Tile* tile) const;
  autograd::Variable content_term(const nn::FeatureMaps& maps, size_t layer, const Tile* tile) const;
  // What the losses of a picture, or of one of its tiles, are made of.
  struct Reading {
    std::vector<autograd::Variable> content;  // per content layer: its term, unweighted
    std::vector<std::vector<autograd::Variable>>
        statistics;  // [region][term]; of distributions the loss itself
  };
  Reading read_picture(const autograd::Variable& crop, const Tile* tile) const;
  autograd::Variable style_term_loss(const autograd::Variable& statistic, size_t region, size_t term) const;
  // Adds the style losses of some statistics, [region][term], to a total, and to the terms.
  void add_style_losses(const std::vector<std::vector<autograd::Variable>>& statistics,
                        autograd::Variable& total, std::vector<Tensor>& terms) const;
  Evaluation evaluate_tiled(const Tensor& x) const;

  const LossNetwork& network_;
  GatysOptions options_;
  PictureSize size_;
  std::vector<std::string> style_layers_, layers_;  // that style, and that all need, once each
  std::vector<Tensor> content_targets_;             // per content layer, (1, H', W', C)
  std::vector<Tensor> content_guides_;              // per content layer, (H', W'); undefined: 1
  std::vector<Tensor> directions_;                  // per term, along which distributions are compared
  std::vector<Region> regions_;
};

// The layers an objective with these options needs.
std::vector<std::string> needed_layers(const GatysOptions& options);
// Throws std::invalid_argument on options or weights that make no objective on this device.
void check_gatys_options(const GatysOptions& options, const std::vector<StylePicture>& styles, Device device);

}  // namespace nst
