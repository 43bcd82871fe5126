#include "tensor/ops/blur.h"

#include <fmt/format.h>

#include <stdexcept>

#include "kernels/blur.h"
#include "tensor/dispatch.h"

namespace nst::ops {

Tensor blur_forward(const Tensor& x, int passes) {
  check_rank("blur", "x", x, 4);
  if (passes < 0) throw std::invalid_argument(fmt::format("blur: passes must be at least 0, got {}", passes));
  const kernels::BlurShape shape{x.size(0), x.size(1), x.size(2), x.size(3)};
  Tensor blurred = x;
  for (; passes > 0; --passes) {
    Tensor y = Tensor::empty_like(x);
    dispatch("blur", x, [&]<class T>(const auto& context, std::type_identity<T>) {
      kernels::blur_forward<T>(context, shape, blurred.data<T>(), y.mutable_data<T>());
    });
    blurred = y;
  }
  return blurred;
}

}  // namespace nst::ops
