#include "tensor/ops/adam.h"

#include "tensor/dispatch.h"

namespace nst::ops {

void adam_step(const AdamStep& step, const Tensor& g, Tensor& x, Tensor& m, Tensor& v) {
  for (const Tensor* t : {&x, &m, &v}) check_same("adam_step", g, *t);
  dispatch("adam_step", g, [&]<class T>(const auto& context, std::type_identity<T>) {
    count_access(x.bytes() + m.bytes() + v.bytes());  // read as well as written
    kernels::adam_step<T>(context, g.numel(), step, g.data<T>(), x.mutable_data<T>(), m.mutable_data<T>(),
                          v.mutable_data<T>());
  });
}

}  // namespace nst::ops
