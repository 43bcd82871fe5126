#include "tensor/ops/lbfgs.h"

#include <vector>

#include "kernels/lbfgs.h"
#include "tensor/dispatch.h"

namespace nst::ops {

Tensor lbfgs_direction(std::span<const LbfgsPair> pairs, double scale, const Tensor& grad) {
  for (const LbfgsPair& pair : pairs) {
    check_same("lbfgs_direction", grad, pair.s);
    check_same("lbfgs_direction", grad, pair.y);
  }
  Tensor direction = Tensor::empty_like(grad);
  dispatch("lbfgs_direction", grad, [&]<class T>(const auto& context, std::type_identity<T>) {
    const size_t updates = 2 * pairs.size();
    count_flops(4.0 * static_cast<double>(updates) * static_cast<double>(grad.numel()));
    // Every update reads and writes the direction, and reads an s and a y, each of them for the second time.
    count_access(updates * 3 * grad.bytes());
    std::vector<const T*> s, y;
    std::vector<double> rho;
    for (const LbfgsPair& pair : pairs) {
      s.push_back(pair.s.data<T>());
      y.push_back(pair.y.data<T>());
      rho.push_back(pair.rho);
    }
    kernels::lbfgs_direction<T>(context, grad.numel(),
                                {static_cast<int64_t>(pairs.size()), s.data(), y.data(), rho.data(), scale},
                                grad.data<T>(), direction.mutable_data<T>());
  });
  return direction;
}

}  // namespace nst::ops
