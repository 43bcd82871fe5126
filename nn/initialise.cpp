#include "nn/initialise.h"

#include <cmath>
#include <random>

namespace nst::nn {

void initialise(Module& network, uint64_t seed) {
  std::mt19937_64 random(seed);
  for (const auto& [name, parameter] : network.named_parameters()) {
    const Shape& shape = parameter->shape();
    if (name.ends_with("bias") && name.find("norm") == std::string::npos) parameter->mutable_value().fill(0);
    if (shape.rank() != 4) continue;
    double bound = std::sqrt(6.0 / static_cast<double>(shape[1] * shape[2] * shape[3]));
    if (name.ends_with(".conv2.weight")) bound /= 10;
    std::vector<double> values(static_cast<size_t>(shape.numel()));
    for (double& v : values) v = bound * (static_cast<double>(random() >> 11) * 0x1p-52 - 1);
    Tensor& weight = parameter->mutable_value();
    weight.copy_from(Tensor::from<double>(shape, values).to(weight.dtype()).to(weight.device()));
  }
}

}  // namespace nst::nn
