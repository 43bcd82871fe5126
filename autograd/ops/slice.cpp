#include "autograd/ops/slice.h"

namespace nst::autograd {

Variable slice(const Variable& x, const ops::SliceParams& params) {
  // dx = dy inside the part, 0 outside
  return record("slice", ops::slice_forward(x.value(), params), {x},
                [x_shape = x.shape(), params](const Tensor& grad_y, const NeedsGrad&) -> std::vector<Tensor> {
                  return {ops::slice_backward(grad_y, x_shape, params)};
                });
}

Variable concat(const std::vector<Variable>& parts, int axis) {
  std::vector<Tensor> values;
  for (const Variable& part : parts) values.push_back(part.value());
  Tensor whole = ops::concat(values, axis);
  std::vector<int64_t> sizes;
  for (const Tensor& value : values) sizes.push_back(value.size(axis));
  // d part = the part of dy that stands in its place
  return record("concat", std::move(whole), parts,
                [sizes, axis](const Tensor& grad_y, const NeedsGrad& needs) -> std::vector<Tensor> {
                  std::vector<Tensor> grads(sizes.size());
                  int64_t begin = 0;
                  for (size_t i = 0; i < sizes.size(); begin += sizes[i++]) {
                    if (needs[i]) grads[i] = ops::slice_forward(grad_y, {axis, begin, sizes[i]});
                  }
                  return grads;
                });
}

}  // namespace nst::autograd
