#include "tensor/ops/conv2d.h"

#include <fmt/format.h>

#include <stdexcept>

#include "tensor/dispatch.h"
#include "tensor/ops/relu.h"

namespace nst::ops {
namespace {

kernels::Conv2dShape conv2d_shape(const Shape& x, const Shape& weight, const Conv2dParams& params) {
  if (x.rank() != 4) {
    throw std::invalid_argument(fmt::format("conv2d: x must be (N, H, W, C), got {}", x.to_string()));
  }
  if (weight.rank() != 4 || weight[1] != x[3]) {
    throw std::invalid_argument(
        fmt::format("conv2d: weight must be (K, {}, R, S), got {}", x[3], weight.to_string()));
  }
  const auto [stride, pad, mode, relu, algorithm] = params;
  const kernels::Conv2dShape shape{x[0],      x[1],      x[2],   x[3], weight[0],
                                   weight[2], weight[3], stride, pad,  mode};
  if (stride < 1 || pad < 0) {
    throw std::invalid_argument(
        fmt::format("conv2d: stride {} and padding {} must be positive", stride, pad));
  }
  if (pad > 0 && mode == PaddingMode::replicate) {
    throw std::invalid_argument("conv2d: pads with zeros or by reflection; call pad first to replicate");
  }
  if (shape.reflects() && (pad >= shape.h || pad >= shape.w)) {
    throw std::invalid_argument(
        fmt::format("conv2d: a {}x{} image is too small to reflect {} pixels", shape.h, shape.w, pad));
  }
  if (shape.h + 2 * shape.pad < shape.r || shape.w + 2 * shape.pad < shape.s) {
    throw std::invalid_argument(
        fmt::format("conv2d: a {}x{} image padded by {} is smaller than the {}x{} kernel", shape.h, shape.w,
                    shape.pad, shape.r, shape.s));
  }
  return shape;
}

// Of the definition, whatever the algorithm; the same in all three directions.
double conv2d_flops(const kernels::Conv2dShape& shape) {
  return 2.0 * static_cast<double>(shape.out_numel() * shape.c * shape.r * shape.s);
}

const char* name(Conv2dAlgorithm algorithm) {
  switch (algorithm) {
    case Conv2dAlgorithm::gemm:
      return "gemm";
    case Conv2dAlgorithm::winograd4:
      return "winograd4";
    case Conv2dAlgorithm::winograd2:
      return "winograd2";
    case Conv2dAlgorithm::direct:
      return "direct";
    case Conv2dAlgorithm::cudnn:
      return "cudnn";
    case Conv2dAlgorithm::wgmma_bf16:
      return "wgmma_bf16";
    case Conv2dAlgorithm::wgmma_fp16:
      return "wgmma_fp16";
    case Conv2dAlgorithm::wgmma_tf32:
      return "wgmma_tf32";
  }
  return "?";
}

// From here on packing a weight anew costs a CPU a percent or two of the convolution, while what all layers
// keep (320 MB in VGG-16, in both directions) would be a quarter of a large picture's memory.
constexpr int64_t kManyPixels = 128 * 128;

template <class Context>
Conv2dAlgorithm choose(const Context& context, const kernels::Conv2dShape& shape,
                       const Conv2dParams& params) {
  if (!params.algorithm) return kernels::conv2d_algorithm(context, shape);
  if (kernels::conv2d_supports(context, shape, *params.algorithm)) return *params.algorithm;
  throw std::invalid_argument(
      fmt::format("conv2d: {} cannot do {} to {} channels by {}x{} with stride {} on {}",
                  name(*params.algorithm), shape.c, shape.k, shape.r, shape.s, shape.stride,
                  std::is_same_v<Context, kernels::CpuContext> ? "cpu" : "cuda"));
}

}  // namespace

Conv2dWeight::Conv2dWeight(Tensor weight) : weight_(std::move(weight)) {
  check_rank("conv2d", "weight", weight_, 4);
}

Tensor Conv2dWeight::packed(Packed& kept, const Key& key, const kernels::Conv2dShape& shape, int64_t numel,
                            const std::function<void(Tensor& to)>& pack) const {
  if (kept.packed_for == key) return kept.tensor;
  Tensor tensor = Tensor::empty({numel}, weight_.dtype(), weight_.device());
  pack(tensor);
  const bool worth_keeping = shape.n * shape.h * shape.w < kManyPixels || weight_.device() != kCpu;
  kept = worth_keeping ? Packed{tensor, key} : Packed{};
  return tensor;
}

Tensor Conv2dWeight::packed_forward(const kernels::Conv2dShape& shape,
                                    kernels::Conv2dAlgorithm algorithm) const {
  const Key key{weight_.version(), algorithm, shape.stride, false};
  const int64_t numel = kernels::conv2d_packed_numel(shape, algorithm);
  return packed(cache_->forward, key, shape, numel, [&](Tensor& to) {
    dispatch("conv2d", weight_, [&]<class T>(const auto& context, std::type_identity<T>) {
      kernels::conv2d_pack_forward<T>(context, shape, algorithm, weight_.data<T>(), to.mutable_data<T>());
    });
  });
}

Tensor Conv2dWeight::packed_backward(const kernels::Conv2dShape& shape,
                                     kernels::Conv2dAlgorithm algorithm) const {
  const Key key{weight_.version(), algorithm, shape.stride, shape.reflects()};
  const int64_t numel = kernels::conv2d_packed_backward_numel(shape, algorithm);
  return packed(cache_->backward, key, shape, numel, [&](Tensor& to) {
    dispatch("conv2d_backward_input", weight_, [&]<class T>(const auto& context, std::type_identity<T>) {
      kernels::conv2d_pack_backward_input<T>(context, shape, algorithm, weight_.data<T>(),
                                             to.mutable_data<T>());
    });
  });
}

Tensor conv2d_forward(const Tensor& x, const Conv2dWeight& weight, const Tensor& bias,
                      const Conv2dParams& params) {
  check_rank("conv2d", "x", x, 4);
  const auto shape = conv2d_shape(x.shape(), weight.weight().shape(), params);
  if (bias.defined()) check_shape("conv2d", "bias", bias, {shape.k});
  Tensor y = Tensor::empty({shape.n, shape.out_h(), shape.out_w(), shape.k}, x.dtype(), x.device());
  dispatch("conv2d", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    count_flops(conv2d_flops(shape));
    const auto algorithm = choose(context, shape, params);
    const Tensor packed = weight.packed_forward(shape, algorithm);
    kernels::conv2d_forward<T>(context, shape, algorithm, x.data<T>(), packed.data<T>(),
                               bias.defined() ? bias.data<T>() : nullptr, params.relu, y.mutable_data<T>());
  });
  return y;
}

Tensor conv2d_backward_input(const Tensor& grad_y, const Tensor& y, const Conv2dWeight& weight,
                             const Shape& x_shape, const Conv2dParams& params) {
  const auto shape = conv2d_shape(x_shape, weight.weight().shape(), params);
  check_shape("conv2d_backward_input", "grad_y", grad_y, {shape.n, shape.out_h(), shape.out_w(), shape.k});
  if (y.defined()) check_same("conv2d_backward_input", grad_y, y);
  Tensor grad_x = Tensor::empty(x_shape, grad_y.dtype(), grad_y.device());
  dispatch("conv2d_backward_input", grad_y, [&]<class T>(const auto& context, std::type_identity<T>) {
    count_flops(conv2d_flops(shape));
    const auto algorithm = choose(context, shape, params);
    const bool gated = y.defined() && kernels::conv2d_takes_gate(context);
    const Tensor gradient = y.defined() && !gated ? relu_backward(y, grad_y) : grad_y;
    const Tensor packed = weight.packed_backward(shape, algorithm);
    kernels::conv2d_backward_input<T>(context, shape, algorithm, gradient.template data<T>(),
                                      gated ? y.data<T>() : nullptr, packed.data<T>(),
                                      grad_x.mutable_data<T>());
  });
  return grad_x;
}

Tensor conv2d_backward_weight(const Tensor& x, const Tensor& grad_y, const Shape& weight_shape,
                              const Conv2dParams& params) {
  check_rank("conv2d_backward_weight", "x", x, 4);
  const auto shape = conv2d_shape(x.shape(), weight_shape, params);
  check_shape("conv2d_backward_weight", "grad_y", grad_y, {shape.n, shape.out_h(), shape.out_w(), shape.k});
  Tensor grad_w = Tensor::empty(weight_shape, x.dtype(), x.device());
  dispatch("conv2d_backward_weight", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    count_flops(conv2d_flops(shape));
    const auto algorithm = choose(context, shape, params);
    kernels::conv2d_backward_weight<T>(context, shape, algorithm, x.data<T>(), grad_y.data<T>(),
                                       grad_w.mutable_data<T>());
  });
  return grad_w;
}

Tensor conv2d_backward_bias(const Tensor& grad_y) {
  check_rank("conv2d_backward_bias", "grad_y", grad_y, 4);
  // A 1x1 convolution with as many pixels: all the sum over pixels needs to know.
  const kernels::Conv2dShape shape{grad_y.size(0), grad_y.size(1), grad_y.size(2), 1, grad_y.size(3), 1, 1};
  Tensor grad_b = Tensor::empty({shape.k}, grad_y.dtype(), grad_y.device());
  dispatch("conv2d_backward_bias", grad_y, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::conv2d_backward_bias<T>(context, shape, grad_y.data<T>(), grad_b.mutable_data<T>());
  });
  return grad_b;
}

}  // namespace nst::ops
