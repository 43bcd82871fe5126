#include "nn/value_range.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nst::nn {
namespace {

template <class T>
ValueRange range_of(const T* values, int64_t count) {
  double min = std::numeric_limits<double>::infinity(), max = -min, sum = 0;
  int64_t finite = 0;
  for (int64_t i = 0; i < count; ++i) {
    const auto value = static_cast<double>(values[i]);
    if (!std::isfinite(value)) continue;
    min = std::min(min, value);
    max = std::max(max, value);
    sum += value;
    ++finite;
  }
  if (finite == 0) min = max = std::numeric_limits<double>::quiet_NaN();
  return {min, sum / static_cast<double>(finite), max, count - finite};
}

}  // namespace

ValueRange value_range(const Tensor& tensor) {
  const Tensor host = tensor.to(kCpu);
  return host.dtype() == DType::float32 ? range_of(host.data<float>(), host.numel())
                                        : range_of(host.data<double>(), host.numel());
}

}  // namespace nst::nn
