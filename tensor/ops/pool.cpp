#include "tensor/ops/pool.h"

#include <fmt/format.h>

#include <stdexcept>

#include "kernels/pool.h"
#include "tensor/dispatch.h"

namespace nst::ops {
namespace {

kernels::PoolShape pool_shape(const Shape& x, const PoolParams& params) {
  if (x.rank() != 4)
    throw std::invalid_argument(fmt::format("pool: x must be (N, H, W, C), got {}", x.to_string()));
  if (params.kernel < 1 || params.stride < 1) {
    throw std::invalid_argument(
        fmt::format("pool: kernel {} and stride {} must be positive", params.kernel, params.stride));
  }
  const kernels::PoolShape shape{x[0],       x[1], x[2], x[3], params.kernel, params.stride, params.ceil_mode,
                                 params.relu};
  if (shape.out_h() < 1 || shape.out_w() < 1) {
    throw std::invalid_argument(
        fmt::format("pool: no {0}x{0} window fits a {1}x{2} image", params.kernel, shape.w, shape.h));
  }
  return shape;
}

Shape output_shape(const kernels::PoolShape& shape) {
  return {shape.n, shape.out_h(), shape.out_w(), shape.c};
}

}  // namespace

MaxPooled max_pool_with_taps(const Tensor& x, const PoolParams& params) {
  const auto shape = pool_shape(x.shape(), params);
  if (params.kernel > kernels::kLargestPoolKernel) {
    throw std::invalid_argument(fmt::format("max_pool: kernel {} is above {}, the largest with a gradient",
                                            params.kernel, kernels::kLargestPoolKernel));
  }
  MaxPooled pooled{Tensor::empty(output_shape(shape), x.dtype(), x.device()),
                   Tensor::empty(output_shape(shape), DType::uint8, x.device())};
  dispatch("max_pool", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::max_pool_forward<T>(context, shape, x.data<T>(), pooled.y.mutable_data<T>(),
                                 pooled.taps.mutable_data<uint8_t>());
  });
  return pooled;
}

Tensor max_pool_forward(const Tensor& x, const PoolParams& params) {
  const auto shape = pool_shape(x.shape(), params);
  Tensor y = Tensor::empty(output_shape(shape), x.dtype(), x.device());
  dispatch("max_pool", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::max_pool_forward<T>(context, shape, x.data<T>(), y.mutable_data<T>(), nullptr);
  });
  return y;
}

Tensor max_pool_backward(const Tensor& taps, const Tensor& grad_y, const Shape& x_shape,
                         const PoolParams& params) {
  const auto shape = pool_shape(x_shape, params);
  check_shape("max_pool_backward", "grad_y", grad_y, output_shape(shape));
  check_shape("max_pool_backward", "taps", taps, output_shape(shape));
  Tensor grad_x = Tensor::empty(x_shape, grad_y.dtype(), grad_y.device());
  dispatch("max_pool_backward", grad_y, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::max_pool_backward<T>(context, shape, taps.data<uint8_t>(), grad_y.data<T>(),
                                  grad_x.mutable_data<T>());
  });
  return grad_x;
}

Tensor average_pool_forward(const Tensor& x, const PoolParams& params) {
  const auto shape = pool_shape(x.shape(), params);
  if (params.relu) throw std::invalid_argument("average_pool: a ReLU can be fused into max pooling only");
  Tensor y = Tensor::empty(output_shape(shape), x.dtype(), x.device());
  dispatch("average_pool", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::average_pool_forward<T>(context, shape, x.data<T>(), y.mutable_data<T>());
  });
  return y;
}

Tensor average_pool_backward(const Tensor& grad_y, const Shape& x_shape, const PoolParams& params) {
  const auto shape = pool_shape(x_shape, params);
  check_shape("average_pool_backward", "grad_y", grad_y, output_shape(shape));
  Tensor grad_x = Tensor::empty(x_shape, grad_y.dtype(), grad_y.device());
  dispatch("average_pool_backward", grad_y, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::average_pool_backward<T>(context, shape, grad_y.data<T>(), grad_x.mutable_data<T>());
  });
  return grad_x;
}

}  // namespace nst::ops
