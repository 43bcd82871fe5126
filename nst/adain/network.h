// An encoder and a decoder with AdaIN between them: any style in one pass (Huang & Belongie 2017).
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "nn/image_network.h"
#include "nst/adain/layer.h"
#include "nst/picture_size.h"
#include "nst/strips.h"

namespace nst {

// All that the network knows of a style picture: mean and standard deviation of every channel of its
// features, (1, C) each.
struct EncodedStyle {
  Tensor mean, std;
};

// From the content's features to what they are in a style: AdaIN, or another transform.
using FeatureTransform = std::function<Tensor(const Tensor& features)>;

struct StyliseOptions {
  double alpha = 1;  // 0 leaves the content as it is, 1 is the whole style
  // One per style, at least 0, in any proportion; empty: all alike.
  std::vector<double> weights = {};
  // Where each style applies, (1, H, W, 1) of the content's size, 0..1; empty: everywhere. Where several meet
  // they are mixed, where none applies the content stays.
  std::vector<Tensor> masks = {};
  int64_t strip_pixels = kAutomaticStrips;  // of encoder and decoder, see nst/strips.h
};

// The content's features (1, H', W', C) in several styles, as the options say; `size` is the picture's.
//   content + alpha sum_k m_k (style_k(content) - content), m_k the style's share at a pixel
Tensor mix_styles(const Tensor& content, PictureSize size, std::span<const FeatureTransform> styles,
                  const StyliseOptions& options);

// Pictures are (N, H, W, 3), RGB, 0..1. Parameters "encoder.conv1_1.conv.weight", "decoder. ...".
class AdainNetwork : public nn::Module {
 public:
  // Throws std::invalid_argument when the decoder does not take what the encoder gives.
  AdainNetwork(nn::ImageNetworkConfig encoder, nn::ImageNetworkConfig decoder, const AdainParams& params = {},
               DType dtype = DType::float32, Device device = kCpu);

  nn::ImageNetwork& encoder() { return encoder_; }
  nn::ImageNetwork& decoder() { return decoder_; }
  const nn::ImageNetwork& encoder() const { return encoder_; }
  const AdainParams& params() const { return params_; }

  // Differentiable. The result is `size`, not clamped: what the decoder makes beyond it, where the encoder
  // rounded up, is cut off.
  autograd::Variable decode(const autograd::Variable& features, PictureSize size) const;

  // f(picture), (N, H', W', C). In strips (nst/strips.h) it is the same but for rounding, and never more than
  // the picture, its features and a strip's maps are in memory.
  Tensor encode(const Tensor& picture, int64_t strip_pixels = kAutomaticStrips) const;
  EncodedStyle encode_style(const Tensor& picture, int64_t strip_pixels = kAutomaticStrips) const;
  FeatureTransform to_style(const EncodedStyle& style) const;
  // content (1, H, W, 3) in one or several styles -> (1, H, W, 3), clamped to 0..1. Throws
  // std::invalid_argument on styles of other networks, no style, weights or masks that do not fit.
  Tensor stylise(const Tensor& content, std::span<const FeatureTransform> styles,
                 const StyliseOptions& options = {}) const;
  Tensor stylise(const Tensor& content, std::span<const EncodedStyle> styles,
                 const StyliseOptions& options = {}) const;

 private:
  nn::ImageNetwork encoder_, decoder_;
  AdainParams params_;
};

}  // namespace nst
