// Fast style transfer: a picture through a trained transform network (Johnson et al. 2016).
#pragma once

#include <memory>
#include <optional>

#include "nn/transform_model.h"
#include "nst/colour.h"
#include "nst/strips.h"

namespace nst {

struct FastOptions {
  nn::StyleMix mix = {};                             // which styles, of a network that has several
  double strength = 1;                               // 0 is the picture itself, 1 the network's
  std::optional<ColourOptions> preserve_color = {};  // the result in the picture's colours
  // Of about so many pixels (nst/strips.h). The result is the same but for rounding.
  int64_t strip_pixels = kAutomaticStrips;
};

// A picture of any size comes back at that size: its sides are brought to a multiple of the network's strides
// with mirrored pixels, and a network that pads with zeros is shown mirrored pixels instead, so that no frame
// of its own making is left; both are cut off again.
class FastStyle {
 public:
  explicit FastStyle(nn::TransformModel model, Device device = kCpu);

  // picture (N, H, W, 3), RGB, 0..255 -> the same, clamped to 0..255. Throws std::invalid_argument when the
  // picture is smaller than some pixels, or the mix names a style that is not there.
  Tensor operator()(const Tensor& picture, const FastOptions& options = {}) const;

  const nn::TransformModel& model() const { return model_; }

 private:
  nn::TransformModel model_;
  Device device_;
  std::unique_ptr<nn::ImageNetwork> network_;
  nn::Conv2d to_pixels_, from_pixels_;
};

}  // namespace nst
