#include "tensor/ops/mask.h"

#include <fmt/format.h>

#include <stdexcept>

#include "kernels/mask.h"
#include "tensor/dispatch.h"

namespace nst::ops {

Tensor mask_forward(const Tensor& x, const Tensor& mask) {
  check_rank("mask", "x", x, 4);
  const Shape shared{x.size(1), x.size(2)}, per_image{x.size(0), x.size(1), x.size(2)};
  if (!mask.defined() || (mask.shape() != shared && mask.shape() != per_image) || mask.dtype() != x.dtype() ||
      mask.device() != x.device()) {
    throw std::invalid_argument(fmt::format("mask: the mask must be {} or {} like x, {}, got {}",
                                            shared.to_string(), per_image.to_string(), x.describe(),
                                            mask.defined() ? mask.describe() : "none"));
  }
  const kernels::MaskShape shape{x.size(0), x.size(1) * x.size(2), x.size(3), mask.rank() == 3};
  Tensor y = Tensor::empty_like(x);
  dispatch("mask", x, [&]<class T>(const auto& context, std::type_identity<T>) {
    kernels::mask_forward<T>(context, shape, x.data<T>(), mask.data<T>(), y.mutable_data<T>());
  });
  return y;
}

}  // namespace nst::ops
