#include "tensor/ops/pad.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "tensor/dispatch.h"

namespace nst::ops {
namespace {

kernels::PadShape pad_shape(const Shape& x, const PadParams& params) {
  const auto [top, bottom, left, right, mode] = params;
  const kernels::PadShape shape{x[0], x[1], x[2], x[3], top, bottom, left, right, mode};
  if (std::min({top, bottom, left, right}) < 0) {
    throw std::invalid_argument(
        fmt::format("pad: amounts must not be negative, got top {}, bottom {}, left {}, right {}", top,
                    bottom, left, right));
  }
  if (mode == PaddingMode::reflect &&
      (std::max(top, bottom) >= shape.h || std::max(left, right) >= shape.w)) {
    throw std::invalid_argument(
        fmt::format("pad: a {}x{} image is too small to reflect top {}, bottom {}, left {}, right {} pixels",
                    shape.h, shape.w, top, bottom, left, right));
  }
  if (mode == PaddingMode::replicate && (shape.h == 0 || shape.w == 0)) {
    throw std::invalid_argument(fmt::format("pad: nothing to replicate in {}", x.to_string()));
  }
  return shape;
}

}  // namespace

Tensor pad_forward(const Tensor& x, const PadParams& params) {
  check_rank("pad", "x", x, 4);
  const auto shape = pad_shape(x.shape(), params);
  Tensor y = Tensor::empty({shape.n, shape.out_h(), shape.out_w(), shape.c}, x.dtype(), x.device());
  dispatch("pad", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::pad_forward<T>(context, shape, x.data<T>(), y.mutable_data<T>());
  });
  return y;
}

Tensor pad_backward(const Tensor& grad_y, const Shape& x_shape, const PadParams& params) {
  const auto shape = pad_shape(x_shape, params);
  check_shape("pad_backward", "grad_y", grad_y, {shape.n, shape.out_h(), shape.out_w(), shape.c});
  Tensor grad_x = Tensor::empty(x_shape, grad_y.dtype(), grad_y.device());
  dispatch("pad_backward", grad_y, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::pad_backward<T>(context, shape, grad_y.data<T>(), grad_x.mutable_data<T>());
  });
  return grad_x;
}

}  // namespace nst::ops
