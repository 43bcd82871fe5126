// Networks from picture to picture, or to and from feature maps, as data: a list of blocks. The transform
// networks of fast style transfer and the encoders and decoders of AdaIN are such lists, not classes of their
// own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nn/conv2d.h"
#include "nn/conv2d_transposed.h"
#include "nn/instance_norm.h"

namespace nst::nn {

struct Block {
  enum class Kind {
    conv,        // [nearest upsampling ->] convolution [-> instance norm] [-> ReLU]
    transposed,  // transposed convolution of this stride -> instance norm [-> ReLU]
    residual,    // x + norm(conv(relu(norm(conv(x))))): without a last ReLU, after Gross & Wilber 2016
    max_pool,    // 2x2, stride 2; a partial last window counts, so that every pixel does
  };
  Kind kind = Kind::conv;
  // Of its parameters: "NAME.conv.weight"; a residual's are "NAME.conv1.weight" and so on.
  std::string name = {};
  int64_t channels = 0;  // of its output; a residual's and a pooling's are its input's
  int64_t kernel = 3, stride = 1;
  int64_t upsample = 1;  // whole factor
  bool norm = false, relu = true;
  bool operator==(const Block&) const = default;
};

// How many pixels a convolution finds around its input.
enum class Borders {
  centred,     // kernel / 2 on each side; a transposed convolution's as PyTorch has them
  tensorflow,  // SAME: as many as give ceil(size / stride) pixels, an odd one at the bottom and the right
  valid_residuals,  // centred, but none in residual blocks, whose x is cropped (Johnson's original)
};

// What becomes of the last block's output z: scale z + offset, or scale tanh(z) + offset, which keeps colours
// within bounds.
struct OutputRange {
  bool tanh = false;
  double scale = 1, offset = 0;
  bool operator==(const OutputRange&) const = default;
};

struct ImageNetworkConfig {
  int64_t in_channels = 3;
  std::vector<Block> blocks;
  ops::PaddingMode padding = ops::PaddingMode::reflect;  // what borders hold
  Borders borders = Borders::centred;
  int64_t frame = 0;  // mirrored pixels around the picture before everything else
  bool bias = true;   // of every convolution
  ops::InstanceNormParams norm = {};
  int64_t styles = 1;  // of every instance norm; more make it conditional (nn/instance_norm.h)
  OutputRange output = {};
};

// Parameters are zeros (instance norms' weights ones) until loaded or initialised.
class ImageNetwork : public Module {
 public:
  // Throws std::invalid_argument on a list that makes no network: even kernels, no channels.
  explicit ImageNetwork(ImageNetworkConfig config, DType dtype = DType::float32, Device device = kCpu);

  // x (N, H, W, in_channels) -> (N, H', W', channels of the last block). Down and up again, a side that is no
  // multiple of the strides comes back somewhat longer. Throws std::invalid_argument when a
  // map is too small for a reflecting border. With several styles `mix` says in which to paint.
  autograd::Variable operator()(const autograd::Variable& x, const StyleMix& mix = {}) const;
  // The output of every block, in order, without config().output: what losses on an encoder's layers need.
  std::vector<autograd::Variable> outputs(const autograd::Variable& x, const StyleMix& mix = {}) const;

  const ImageNetworkConfig& config() const { return config_; }

 private:
  // A convolution and the norm after it; the last of them holds the ReLU.
  struct Stage {
    std::unique_ptr<Conv2d> conv;
    std::unique_ptr<Conv2dTransposed> transposed;  // one of the two
    std::unique_ptr<InstanceNorm> norm;            // null without
    autograd::Variable operator()(const autograd::Variable& x, const StyleMix& mix) const;
  };
  // The border that a block's stage wants before its convolution, apart from what Conv2d adds itself.
  autograd::Variable with_border(const Block& block, const autograd::Variable& x) const;
  autograd::Variable framed(const autograd::Variable& x) const;
  Stage make_stage(const Block& block, const std::string& suffix, int64_t in_channels, bool relu, DType dtype,
                   Device device);
  autograd::Variable run(size_t block, const autograd::Variable& x, const StyleMix& mix) const;

  ImageNetworkConfig config_;
  std::vector<std::vector<Stage>> stages_;  // per block: none, one, or a residual's two
};

}  // namespace nst::nn
