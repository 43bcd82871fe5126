#include "tensor/ops/resize.h"

#include <fmt/format.h>

#include <stdexcept>

#include "tensor/dispatch.h"

namespace nst::ops {
namespace {

kernels::ResizeShape resize_shape(const Shape& x, int64_t height, int64_t width, const ResizeParams& params) {
  if (x.rank() != 4 || x.numel() == 0) {
    throw std::invalid_argument(
        fmt::format("resize: x must be (N, H, W, C) and not empty, got {}", x.to_string()));
  }
  if (height < 1 || width < 1) {
    throw std::invalid_argument(
        fmt::format("resize: the new size must be positive, got {}x{}", width, height));
  }
  return {x[0], x[1], x[2], x[3], height, width, params.mode, params.antialias};
}

}  // namespace

Tensor resize_forward(const Tensor& x, int64_t height, int64_t width, const ResizeParams& params) {
  const auto shape = resize_shape(x.shape(), height, width, params);
  Tensor y = Tensor::empty({shape.n, height, width, shape.c}, x.dtype(), x.device());
  dispatch("resize", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::resize_forward<T>(context, shape, x.data<T>(), y.mutable_data<T>());
  });
  return y;
}

Tensor resize_backward(const Tensor& grad_y, const Shape& x_shape, const ResizeParams& params) {
  check_rank("resize_backward", "grad_y", grad_y, 4);
  const auto shape = resize_shape(x_shape, grad_y.size(1), grad_y.size(2), params);
  check_shape("resize_backward", "grad_y", grad_y, {shape.n, shape.out_h, shape.out_w, shape.c});
  Tensor grad_x = Tensor::empty(x_shape, grad_y.dtype(), grad_y.device());
  dispatch("resize_backward", grad_y, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::resize_backward<T>(context, shape, grad_y.data<T>(), grad_x.mutable_data<T>());
  });
  return grad_x;
}

}  // namespace nst::ops
