// How well a stylised picture does what it should.
#pragma once

#include <string>
#include <vector>

#include "nn/image_network.h"
#include "tensor/tensor.h"

namespace nst {

// Peak signal to noise ratio in decibels of pictures in 0..1: -10 log10 of the mean squared difference.
double psnr(const Tensor& a, const Tensor& b);

// At one layer, relative: |statistics of the picture - statistics of the style| / |statistics of the style|,
// in the Euclidean norm over channels.
struct StatisticsError {
  std::string layer;  // "relu3_1"
  double mean, std;
};
// At the first convolution of every block of `network`, an nn::adain_encoder(). Pictures (1, H, W, 3), 0..1.
std::vector<StatisticsError> statistics_errors(const nn::ImageNetwork& network, const Tensor& picture,
                                               const Tensor& style);

// |f(picture) - t| / |t| with t = AdaIN(f(content), f(style)), f the last layer of `network`: what the
// content loss of training squares.
double content_error(const nn::ImageNetwork& network, const Tensor& picture, const Tensor& content,
                     const Tensor& style);

}  // namespace nst
