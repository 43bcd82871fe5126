#include "nn/instance_norm.h"

namespace nst::nn {

InstanceNorm::InstanceNorm(int64_t channels, const ops::InstanceNormParams& params, DType dtype,
                           Device device)
    : params_(params),
      weight_(Tensor::full({channels}, 1, dtype, device), true),
      bias_(Tensor::zeros({channels}, dtype, device), true) {
  add_parameter("weight", weight_);
  add_parameter("bias", bias_);
}

}  // namespace nst::nn
