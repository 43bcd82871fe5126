#include "autograd/ops/instance_norm.h"

namespace nst::autograd {

Variable instance_norm(const Variable& x, const Variable& gamma, const Variable& beta,
                       const ops::InstanceNormParams& params) {
  auto forward = ops::instance_norm_forward(x.value(), gamma.value(), beta.value(), params);
  const Tensor y = forward.y;
  if (!params.relu) forward.y = {};  // the backward wants x, not y
  // dy counts where y > 0 (with the ReLU)
  // dbeta = sum dy, dgamma = sum dy z, dx = gamma / std (dy - mean(dy) - z sum(dy z) / divisor)
  return record("instance_norm", y, {x, gamma, beta},
                [x = x.value(), gamma = gamma.value(), forward, params,
                 parameter_shape = gamma.defined() ? gamma.shape() : beta.shape()](
                    const Tensor& grad_y, const NeedsGrad& needs) -> std::vector<Tensor> {
                  auto grad = ops::instance_norm_backward(x, gamma, parameter_shape, forward, grad_y, params,
                                                          {needs[0], needs[1], needs[2]});
                  return {grad.x, grad.gamma, grad.beta};
                });
}

}  // namespace nst::autograd
