#include "autograd/ops/mask.h"

namespace nst::autograd {

Variable mask(const Variable& x, const Tensor& mask) {
  // dx = mask dy
  return record("mask", ops::mask_forward(x.value(), mask), {x},
                [mask](const Tensor& grad_y, const NeedsGrad&) -> std::vector<Tensor> {
                  return {ops::mask_forward(grad_y, mask)};
                });
}

}  // namespace nst::autograd
