#include "nst/masks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "nst/colour_space.h"
#include "nst/image.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/resize.h"

namespace nst {
namespace {

// Convolves rows of `count` values, `stride` apart, with a kernel, edges repeated.
void convolve(const std::vector<double>& kernel, const float* x, float* y, int64_t count, int64_t stride) {
  const int64_t radius = static_cast<int64_t>(kernel.size()) / 2;
  for (int64_t i = 0; i < count; ++i) {
    double sum = 0;
    for (int64_t k = -radius; k <= radius; ++k)
      sum += kernel[k + radius] * x[std::clamp<int64_t>(i + k, 0, count - 1) * stride];
    y[i * stride] = static_cast<float>(sum);
  }
}

}  // namespace

Tensor load_mask(const std::filesystem::path& path, PictureSize size) {
  const Tensor picture = resize_image(load_image(path), size.height, size.width);
  const Luminance luma = luminance_in(ColourSpace::rgb);
  Tensor mask = Tensor::empty({size.height, size.width});
  const float* rgb = picture.data<float>();
  float* out = mask.mutable_data<float>();
  for (int64_t i = 0; i < mask.numel(); ++i, rgb += 3) {
    float sum = 0;
    for (int k = 0; k < 3; ++k) sum += luma.weights[k] * rgb[k];
    out[i] = std::clamp(sum, 0.0f, 1.0f);
  }
  return mask;
}

Tensor inverted(const Tensor& mask) { return ops::affine(mask, -1, 1); }

Tensor blend(const Tensor& outside, const Tensor& inside, const Tensor& mask) {
  check_rank("blend", "outside", outside, 4);
  check_same("blend", outside, inside);
  check_shape("blend", "mask", mask, {outside.size(1), outside.size(2)});
  Tensor result = Tensor::empty_like(outside);
  const int64_t channels = outside.size(3);
  const float *from = outside.data<float>(), *to = inside.data<float>(), *m = mask.data<float>();
  float* out = result.mutable_data<float>();
  for (int64_t i = 0; i < outside.numel(); ++i) {
    const float share = m[i / channels];
    out[i] = (1 - share) * from[i] + share * to[i];
  }
  return result;
}

Tensor shrunk_mask(const Tensor& mask, PictureSize size) {
  check_rank("mask", "a mask", mask, 2);
  if (mask.size(0) == size.height && mask.size(1) == size.width) return mask;
  const Tensor picture = mask.reshape({1, mask.size(0), mask.size(1), 1});
  return ops::resize_forward(picture, size.height, size.width,
                             {.mode = ops::ResizeMode::bilinear, .antialias = true})
      .reshape({size.height, size.width});
}

Tensor guide_of(const Tensor& mask, PictureSize size) {
  const Tensor guide = shrunk_mask(mask, size);
  const double square = ops::dot(guide, guide).item() / static_cast<double>(guide.numel());
  if (!(square > 0))
    throw std::invalid_argument(fmt::format("a mask is empty at {} x {} pixels", size.width, size.height));
  return ops::affine(guide, 1 / std::sqrt(square));
}

Tensor binary_mask_of(const Tensor& mask, PictureSize size) {
  const Tensor shrunk = shrunk_mask(mask, size);
  auto values = shrunk.to_vector<double>();
  for (double& v : values) v = v > 0.5 ? 1 : 0;
  return Tensor::from<double>(shrunk.shape(), values).to(mask.dtype()).to(mask.device());
}

Tensor feathered(const Tensor& mask, double deviation) {
  check_rank("feathered", "a mask", mask, 2);
  if (!(deviation >= 0)) throw std::invalid_argument("feathering must be at least 0 pixels");
  if (deviation == 0) return mask;
  const int64_t radius = static_cast<int64_t>(std::ceil(3 * deviation));
  std::vector<double> kernel(2 * radius + 1);
  double sum = 0;
  for (int64_t k = -radius; k <= radius; ++k)
    sum += kernel[k + radius] = std::exp(-0.5 * static_cast<double>(k * k) / (deviation * deviation));
  for (double& w : kernel) w /= sum;
  const Tensor source = mask.to(DType::float32).to(kCpu);
  const int64_t h = mask.size(0), w = mask.size(1);
  Tensor rows = Tensor::empty_like(source), both = Tensor::empty_like(source);
  for (int64_t i = 0; i < h; ++i)
    convolve(kernel, source.data<float>() + i * w, rows.mutable_data<float>() + i * w, w, 1);
  for (int64_t j = 0; j < w; ++j)
    convolve(kernel, rows.data<float>() + j, both.mutable_data<float>() + j, h, w);
  return both.to(mask.dtype()).to(mask.device());
}

}  // namespace nst
