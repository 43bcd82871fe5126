#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "nst/image.h"
#include "tensor/ops/resize.h"

namespace nst {

Tensor resize_image(const Tensor& image, int64_t height, int64_t width) {
  check_rank("resize_image", "image", image, 4);
  if (image.size(1) == height && image.size(2) == width) return image;
  return ops::resize_forward(image, height, width, {.antialias = true});
}

Tensor resize_image(const Tensor& image, int64_t size, Side side) {
  check_rank("resize_image", "image", image, 4);
  const auto [height, width] = resized({image.size(1), image.size(2)}, size, side);
  return resize_image(image, height, width);
}

PictureSize resized(PictureSize from, int64_t size, Side side) {
  if (size < 1) throw std::invalid_argument(fmt::format("resize_image: size must be positive, got {}", size));
  const auto [h, w] = from;
  const int64_t reference = side == Side::longest ? std::max(h, w) : std::min(h, w);
  const auto scaled = [&](int64_t length) {
    const double exact =
        static_cast<double>(length) * static_cast<double>(size) / static_cast<double>(reference);
    return std::max<int64_t>(1, std::llround(exact));
  };
  return {scaled(h), scaled(w)};
}

}  // namespace nst
