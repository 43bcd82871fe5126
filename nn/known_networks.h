// The published networks, block by block.
#pragma once

#include "nn/image_network.h"

namespace nst::nn {

// pytorch/examples' fast_neural_style TransformerNet, after Johnson et al. 2016, RGB 0..255 in and out: what
// most published weights are for. `width` is its first layer's channels, 32 there.
ImageNetworkConfig pytorch_examples_transform(int64_t width = 32);

// jcjohnson/fast-neural-style's, BGR 0..255 minus ImageNet's mean in and out: transposed convolutions, zeros
// around every convolution but those of the residual blocks, and 40 mirrored pixels around the picture.
ImageNetworkConfig johnson_transform(int64_t width = 32);

// lengstrom/fast-style-transfer's, RGB 0..255 in and out: transposed convolutions, TensorFlow's borders of
// zeros, no biases, a norm behind the last convolution too.
ImageNetworkConfig lengstrom_transform(int64_t width = 32);

// A quick transform network of our own for CPUs, RGB 0..255 in and out. Against Johnson's: all but the last
// layer work at half the size or less (the first convolution has stride 2, the last one upsamples), kernels
// of 7 at the ends, half the channels or less, colours bounded by 127.5 + 150 tanh. `width` is the first
// layer's channels.
ImageNetworkConfig quick_transform(int64_t width = 32, int64_t styles = 1);

// The layers at whose ReLU an encoder, or the decoder that mirrors it, may end.
enum class AdainDepth { relu3_1, relu4_1 };

// A VGG as AdaIN's encoder (Huang & Belongie 2017) up to a ReLU, RGB 0..1 in: a 1x1 convolution for the
// preprocessing, reflecting borders, poolings that keep a partial window. Blocks are named by their layers,
// "conv1_1". The published decoders belong to the "normalised" VGG-19.
ImageNetworkConfig adain_encoder(int vgg_depth = 19, AdainDepth depth = AdainDepth::relu4_1);
// Up to any other ReLU, "relu2_2". Throws std::invalid_argument when the VGG has none of that name.
ImageNetworkConfig adain_encoder(int vgg_depth, const std::string& deepest);

// Its mirror image: nearest upsampling for pooling, no norms, a linear last layer, RGB 0..1 out. "deconv4_1"
// undoes conv4_1.
ImageNetworkConfig adain_decoder(int vgg_depth = 19, AdainDepth depth = AdainDepth::relu4_1);

// A small encoder and decoder to be trained together, RGB 0..1 in and out: convolutions to a quarter of the
// size and 4 * width channels, then residual blocks; and back. After Johnson et al. 2016, without norms,
// which would undo what AdaIN set.
ImageNetworkConfig compact_adain_encoder(int64_t width = 32);
ImageNetworkConfig compact_adain_decoder(int64_t width = 32);

}  // namespace nst::nn
