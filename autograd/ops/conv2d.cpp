#include "autograd/ops/conv2d.h"

#include <stdexcept>

#include "autograd/ops/pad.h"
#include "autograd/saved.h"
#include "tensor/ops/relu.h"

namespace nst::autograd {

Variable conv2d(const Variable& x, const Variable& weight, const Variable& bias,
                const ops::Conv2dParams& params) {
  return conv2d(x, weight, ops::Conv2dWeight(weight.value()), bias, params);
}

Variable conv2d(const Variable& x, const Variable& weight, const ops::Conv2dWeight& packed,
                const Variable& bias, const ops::Conv2dParams& params) {
  if (!packed.weight().shares_storage(weight.value())) {
    throw std::invalid_argument("conv2d: the packed weight belongs to another weight");
  }
  if (params.padding > 0 && params.padding_mode == ops::PaddingMode::replicate) {
    return conv2d(pad(x, ops::PadParams::all(params.padding, params.padding_mode)), weight, packed, bias,
                  {.stride = params.stride, .relu = params.relu, .algorithm = params.algorithm});
  }
  const Tensor y = ops::conv2d_forward(x.value(), packed, bias.value(), params);
  // dz = dy where y > 0 (with the ReLU), else dy
  // dx = transposed convolution of dz with w;  dw = correlation of x with dz;  db = sum over pixels of dz
  // The input is saved only for the weight's gradient: a frozen network keeps no activation for it.
  const Saved saved_x = weight.requires_grad() ? Saved(x) : Saved();
  const Saved saved_y = params.relu ? Saved(y) : Saved();
  return record(
      "conv2d", y, {x, weight, bias},
      [saved_x, saved_y, packed, x_shape = x.shape(), params](const Tensor& grad_y,
                                                              const NeedsGrad& needs) -> std::vector<Tensor> {
        // dx alone masks dy as it reads it; what else needs dz has it made once for all.
        const bool made = params.relu && (needs[1] || needs[2]);
        Tensor gate = saved_y.get();
        const Tensor grad_z = made ? ops::relu_backward(gate, grad_y) : grad_y;
        if (made) gate = {};
        return {needs[0] ? ops::conv2d_backward_input(grad_z, gate, packed, x_shape, params) : Tensor(),
                needs[1] ? ops::conv2d_backward_weight(saved_x.get(), grad_z, packed.weight().shape(), params)
                         : Tensor(),
                needs[2] ? ops::conv2d_backward_bias(grad_z) : Tensor()};
      });
}

}  // namespace nst::autograd
