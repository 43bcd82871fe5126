#include "tensor/ops/slice.h"

#include <fmt/format.h>

#include <functional>
#include <numeric>
#include <stdexcept>

#include "kernels/slice.h"
#include "tensor/dispatch.h"

namespace nst::ops {
namespace {

int64_t product(const int64_t* begin, const int64_t* end) {
  return std::accumulate(begin, end, int64_t{1}, std::multiplies<>());
}

kernels::SliceShape slice_shape(const Shape& x, const SliceParams& params) {
  const int axis = params.axis < 0 ? params.axis + x.rank() : params.axis;
  if (axis < 0 || axis >= x.rank()) {
    throw std::invalid_argument(fmt::format("slice: {} has no axis {}", x.to_string(), params.axis));
  }
  if (params.begin < 0 || params.count < 0 || params.count > x[axis] - params.begin) {
    throw std::invalid_argument(fmt::format("slice: {} has no entries {} to {} on axis {}", x.to_string(),
                                            params.begin, params.begin + params.count, params.axis));
  }
  return {product(x.begin(), x.begin() + axis), x[axis], product(x.begin() + axis + 1, x.begin() + x.rank()),
          params.begin, params.count};
}

void write(const Tensor& part, const kernels::SliceShape& shape, Tensor& x) {
  dispatch("slice", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::slice_write<T>(context, shape, part.data<T>(), x.mutable_data<T>());
  });
}

}  // namespace

Tensor slice_forward(const Tensor& x, const SliceParams& params) {
  const auto shape = slice_shape(x.shape(), params);
  Tensor part = Tensor::empty(x.shape().with(params.axis, params.count), x.dtype(), x.device());
  dispatch("slice", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::slice_read<T>(context, shape, x.data<T>(), part.mutable_data<T>());
  });
  return part;
}

Tensor slice_backward(const Tensor& grad_y, const Shape& x_shape, const SliceParams& params) {
  const auto shape = slice_shape(x_shape, params);
  check_shape("slice_backward", "grad_y", grad_y, x_shape.with(params.axis, params.count));
  Tensor grad_x = Tensor::zeros(x_shape, grad_y.dtype(), grad_y.device());
  write(grad_y, shape, grad_x);
  return grad_x;
}

void slice_write(const Tensor& part, Tensor& x, const SliceParams& params) {
  const auto shape = slice_shape(x.shape(), params);
  check_shape("slice_write", "part", part, x.shape().with(params.axis, params.count));
  if (part.dtype() != x.dtype() || part.device() != x.device()) {
    throw std::invalid_argument(
        fmt::format("slice_write: cannot write {} into {}", part.describe(), x.describe()));
  }
  write(part, shape, x);
}

Tensor concat(std::span<const Tensor> parts, int axis) {
  if (parts.empty()) throw std::invalid_argument("concat: needs at least one tensor");
  const Tensor& first = parts.front();
  int64_t size = 0;
  for (const Tensor& part : parts) {
    if (!part.defined() || part.rank() != first.rank() || part.dtype() != first.dtype() ||
        part.device() != first.device() || part.shape().with(axis, 0) != first.shape().with(axis, 0)) {
      throw std::invalid_argument(fmt::format("concat: tensors may differ on axis {} alone, got {} and {}",
                                              axis, first.describe(), part.describe()));
    }
    size += part.size(axis);
  }
  Tensor whole = Tensor::empty(first.shape().with(axis, size), first.dtype(), first.device());
  int64_t begin = 0;
  for (const Tensor& part : parts) {
    write(part, slice_shape(whole.shape(), {axis, begin, part.size(axis)}), whole);
    begin += part.size(axis);
  }
  return whole;
}

}  // namespace nst::ops
