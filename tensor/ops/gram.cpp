#include "tensor/ops/gram.h"

#include "kernels/gram.h"
#include "tensor/dispatch.h"

namespace nst::ops {
namespace {

kernels::GramShape gram_shape(const Tensor& features) {
  check_rank("gram", "features", features, 4);
  return {features.size(0), features.size(1) * features.size(2), features.size(3)};
}

// Of one triangle: the matrix is symmetric.
double gram_flops(const kernels::GramShape& shape) {
  return static_cast<double>(shape.n * shape.pixels * shape.c * (shape.c + 1));
}

}  // namespace

Tensor gram_forward(const Tensor& features, const GramParams& params) {
  const auto shape = gram_shape(features);
  Tensor gram = Tensor::empty({shape.n, shape.c, shape.c}, features.dtype(), features.device());
  dispatch("gram", features, [&]<class T>(const auto& context, std::type_identity<T>) {
    count_flops(gram_flops(shape));
    kernels::gram_forward<T>(context, shape, static_cast<T>(params.shift), static_cast<T>(params.scale),
                             features.data<T>(), gram.mutable_data<T>());
  });
  return gram;
}

Tensor gram_backward(const Tensor& features, const Tensor& grad_gram, const GramParams& params) {
  const auto shape = gram_shape(features);
  check_shape("gram_backward", "grad_gram", grad_gram, {shape.n, shape.c, shape.c});
  Tensor grad_features = Tensor::empty_like(features);
  dispatch("gram_backward", features, [&]<class T>(const auto& context, std::type_identity<T>) {
    count_flops(2 * gram_flops(shape));
    kernels::gram_backward<T>(context, shape, static_cast<T>(params.shift), static_cast<T>(params.scale),
                              features.data<T>(), grad_gram.data<T>(), grad_features.mutable_data<T>());
  });
  return grad_features;
}

}  // namespace nst::ops
