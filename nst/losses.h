// The content and style losses of every program people compare with, by name.
//
// Implementations differ in how they normalise, and a weight means nothing without saying which. All of
// them are the same two formulas with other constants, so a name is nothing but a row of constants:
//   content = c * sum (F - P)^2                     F, P: features of the picture and of the content
//   style   = c * sum (g * G - g' * A)^2            G, A: unnormalised Gram matrices of picture and style,
//                                                   g, g': their scales, which follow their own sizes
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "autograd/variable.h"
#include "nst/picture_size.h"
#include "tensor/ops/gram.h"

namespace nst {

// With C channels and M = H*W pixels at the layer, and the picture W0 x H0:
enum class StyleNormalisation {
  gatys,           // G/M, 1/(4 C^2):       the paper's 1/(4 C^2 M^2) sum (G - A)^2, for any two sizes
  gatys_notebook,  // G/M, 1e3/C^2 * mean:  leongatys/PytorchNeuralStyleTransfer with its layer weights
  neural_style,    // G/(C M), mean:        jcjohnson/neural-style and fast-neural-style, pytorch/examples
  titu1994,        // G, 1/(36 (W0 H0)^2):  titu1994/Neural-Style-Transfer
};

enum class ContentNormalisation {
  mean,            // mean of squares:      jcjohnson, leongatys, pytorch/examples
  gatys,           // 1/2 sum of squares:   the paper
  titu1994_type0,  // sum of squares
  titu1994_type1,  // 1/(2 sqrt(C) sqrt(W0 H0)) sum
  titu1994_type2,  // 1/(C W0 H0) sum
};

// Every name, in the enumerations' order.
std::span<const std::string_view> style_normalisation_names();
std::span<const std::string_view> content_normalisation_names();
std::string_view name_of(StyleNormalisation normalisation);
std::string_view name_of(ContentNormalisation normalisation);
// Throw std::invalid_argument listing the names when there is no such one.
StyleNormalisation parse_style_normalisation(std::string_view name);
ContentNormalisation parse_content_normalisation(std::string_view name);

// What a sum over a map's pixels of the products of two sets of channels is multiplied by. Where each summed
// pixel stands for several of a larger map, those are `window`.
double gram_scale(StyleNormalisation normalisation, int64_t channels, int64_t other_channels, int64_t pixels,
                  int64_t window = 1);

// Gram matrices (N, C, C) of features (N, H, W, C), scaled and shifted as the normalisation wants.
// `shift` is added to every feature first (Novak & Nikulin's s).
autograd::Variable style_gram(const autograd::Variable& features, StyleNormalisation normalisation,
                              double shift = 0);

// The loss, (1), between a picture's style_gram, or another statistic (N, Ca, Cb), and a target's. `picture`
// is the size of the picture that the features come from; only titu1994's constants need it.
autograd::Variable style_loss(const autograd::Variable& gram, const Tensor& target,
                              StyleNormalisation normalisation, PictureSize picture);

// What the sum of squares over a map of `count` elements is multiplied by.
double content_scale(ContentNormalisation normalisation, int64_t channels, int64_t count,
                     PictureSize picture);

// The loss, (1), between a picture's features and the content's, both (N, H, W, C).
autograd::Variable content_loss(const autograd::Variable& features, const Tensor& target,
                                ContentNormalisation normalisation, PictureSize picture);

}  // namespace nst
