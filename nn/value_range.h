// The values of a tensor at a glance.
#pragma once

#include <cstdint>

#include "tensor/tensor.h"

namespace nst::nn {

// Of the finite elements; NaN when there are none.
struct ValueRange {
  double min, mean, max;
  int64_t not_finite;  // elements that are NaN or infinite
};
// Of a tensor on any device.
ValueRange value_range(const Tensor& tensor);

}  // namespace nst::nn
