// What style losses compare: correlations of features, summed over a picture's pixels. Sums are all they are,
// so a picture's statistic is the sum of its tiles'.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nn/vgg.h"
#include "nst/losses.h"

namespace nst {

// One style loss: how a layer's channels correlate with each other, or with those of another layer.
struct StyleTerm {
  std::string layer;      // "relu3_1"
  double weight = 1;      // may be negative, which only titu1994's objective wants
  std::string with = {};  // the other layer (Novak & Nikulin 2016, section 3.4); empty: the same
  int blurs = 0;          // passes of autograd::blur over the larger of both maps (section 3.6)
};

// The layers that a term needs: one, or two.
std::vector<std::string> layers_of(const StyleTerm& term);
// The layers that some terms need, sorted, once each.
std::vector<std::string> layers_of(const std::vector<StyleTerm>& terms);
// The layer whose map has the size that a term is summed over: of a pair the smaller, deeper one.
const std::string& summed_layer(int depth, const StyleTerm& term);

// Rows and columns of a map or a picture.
struct Window {
  int64_t top, left, height, width;
  bool operator==(const Window&) const = default;
};

// The size of a layer's map of a picture.
PictureSize map_size(const nn::VggConfig& vgg, std::string_view layer, PictureSize picture);

// How masks and shift meet.
enum class Guiding {
  guided,    // g (F + s), with mean(g^2) = 1 over the map: Gatys et al. 2017, eq. 5
  titu1994,  // m F + s, the mask as it is
};

struct StatisticParams {
  StyleNormalisation normalisation = StyleNormalisation::gatys_notebook;
  double shift = 0;  // added to every activation
  Guiding guiding = Guiding::guided;
  bool moments =
      false;       // of single layers: the unshifted correlations and below them the means, (1, C + 1, C)
  int depth = 16;  // of the network
  bool ceil_mode = false;  // as it pools
};

// Where of a picture the maps are from.
struct StatisticPart {
  PictureSize whole;                // the summed layer's map of the whole picture
  std::optional<Window> core = {};  // what of the maps at hand counts, at the summed layer; all of it
  Tensor guide = {};                // (height, width) of the core; undefined: 1
};

// The term's correlations (1, Ca, Cb), scaled as the normalisation wants it for the whole picture.
//
// Two layers of different size meet at the larger map: the paper has G = F^l [blur(up(F^k))]^T, up being
// nearest-neighbour. With up repeating each pixel of the smaller map over its pooling window, that is the
// smaller map's correlation with the mean of the larger one over that window, times the pixels of a window,
// so nothing is ever upsampled. (A last odd row that pooling dropped is dropped here.) The blur's matrix is
// symmetric: whichever operand it is applied to at the larger size, G is the same, so it is the larger one's.
autograd::Variable style_statistic(const nn::FeatureMaps& maps, const StyleTerm& term,
                                   const StatisticParams& params, const StatisticPart& part);

}  // namespace nst
