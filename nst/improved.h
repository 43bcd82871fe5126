// Method 2, Improved (Novak & Nikulin 2016, "Improving the Neural Algorithm of Artistic Style"): the run is
// Basic's, the style terms are chosen otherwise. Each function is a section of the paper.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nst/gatys_objective.h"

namespace nst {

// Section 3.2: the rectified output of every convolution, 13 in VGG-16 and 16 in VGG-19.
std::vector<std::string> every_conv_layer(int depth);

// Section 3.1, for D layers with depths d = 1 ... D.
enum class LayerWeighting {
  equal,    // as they are
  shallow,  // 2^(D-d): the paper's for style
  deep,     // 2^d: the paper's for content, and titu1994's for style
};
std::span<const std::string_view> layer_weighting_names();
LayerWeighting parse_layer_weighting(std::string_view name);
// Multiplies the weights, and unless they stay as they are divides by the factors' sum, so that a
// style_weight means about the same for any number of layers. The terms must be in the order of their depths.
void weigh(std::vector<StyleTerm>& terms, LayerWeighting weighting);
void weigh(std::vector<LayerWeight>& layers, LayerWeighting weighting);

// Puts layers in the order of their depths.
std::vector<StyleTerm> by_depth(int depth, std::vector<StyleTerm> terms);
std::vector<LayerWeight> by_depth(int depth, std::vector<LayerWeight> layers);

// Sections 3.4 and 3.5: each layer's correlations with the one before it, {G^{l,l-1}}; the first layer has
// none left. The weight is the deeper layer's. Section 3.6: blurred l - (l-1) = 1 times where `blur`. (The
// paper does not fix the kernel; ours is (1, 2, 1)/4.) Throws std::invalid_argument when there are fewer than
// two layers, or a term is a correlation already.
std::vector<StyleTerm> correlation_chain(const std::vector<StyleTerm>& terms, bool blur);

// The style terms of titu1994/Neural-Style-Transfer. It means to chain layers, but takes the difference of
// two ordinary Gram losses L_i - L_{i+1} where the paper correlates one layer with the next. Weighted with
// 2^-(N-2-i) the differences telescope to
//   2^-(N-2) L_0 + sum_{i=1}^{N-2} 2^-(N-1-i) L_i - L_{N-1},
// in which the deepest layer's loss is maximised: the objective has no lower bound, though from a content
// start it behaves. Use it to compare, not to paint.
std::vector<StyleTerm> titu1994_terms(int depth);

}  // namespace nst
