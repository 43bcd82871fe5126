#include "autograd/ops/blur.h"

namespace nst::autograd {

Variable blur(const Variable& x, int passes) {
  // dx = blur(dy), as the filter's matrix is symmetric
  return record("blur", ops::blur_forward(x.value(), passes), {x},
                [passes](const Tensor& grad_y, const NeedsGrad&) -> std::vector<Tensor> {
                  return {ops::blur_forward(grad_y, passes)};
                });
}

}  // namespace nst::autograd
