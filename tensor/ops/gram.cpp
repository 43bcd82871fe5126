#include "tensor/ops/gram.h"

#include <fmt/format.h>

#include <stdexcept>

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

double cross_gram_flops(const kernels::CrossGramShape& shape) {
  return 2.0 * static_cast<double>(shape.n * shape.pixels * shape.rows * shape.columns);
}

Tensor cross_gram_backward(kernels::CrossGramOperand of, const Tensor& other, const Tensor& grad_gram,
                           const GramParams& params) {
  constexpr std::string_view kOp = "cross_gram_backward";
  check_rank(kOp, "the other operand", other, 4);
  check_rank(kOp, "grad_gram", grad_gram, 3);
  const bool of_a = of == kernels::CrossGramOperand::a;
  const int64_t n = other.size(0), rows = grad_gram.size(1), columns = grad_gram.size(2);
  check_shape(kOp, "grad_gram", grad_gram, {n, of_a ? rows : other.size(3), of_a ? other.size(3) : columns});
  const kernels::CrossGramShape shape{n, other.size(1) * other.size(2), rows, columns};
  Tensor grad =
      Tensor::empty({n, other.size(1), other.size(2), of_a ? rows : columns}, other.dtype(), other.device());
  dispatch(kOp, other, [&]<class T>(const auto& context, std::type_identity<T>) {
    count_flops(cross_gram_flops(shape));
    kernels::cross_gram_backward<T>(context, shape, of, static_cast<T>(params.shift),
                                    static_cast<T>(params.scale), other.data<T>(), grad_gram.data<T>(),
                                    grad.mutable_data<T>());
  });
  return grad;
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

Tensor gram_backward(const Tensor& features, const Tensor& grad_gram, const GramParams& params, Tensor sum) {
  const auto shape = gram_shape(features);
  check_shape("gram_backward", "grad_gram", grad_gram, {shape.n, shape.c, shape.c});
  const bool add = sum.defined();
  if (add) check_same("gram_backward", features, sum);
  Tensor grad_features = add ? std::move(sum) : Tensor::empty_like(features);
  dispatch("gram_backward", features, [&]<class T>(const auto& context, std::type_identity<T>) {
    count_flops(2 * gram_flops(shape));
    kernels::gram_backward<T>(context, shape, static_cast<T>(params.shift), static_cast<T>(params.scale),
                              features.data<T>(), grad_gram.data<T>(), add, grad_features.mutable_data<T>());
  });
  return grad_features;
}

Tensor cross_gram_forward(const Tensor& a, const Tensor& b, const GramParams& params) {
  check_rank("cross_gram", "a", a, 4);
  check_shape("cross_gram", "b", b, {a.size(0), a.size(1), a.size(2), b.rank() == 4 ? b.size(3) : 1});
  if (a.dtype() != b.dtype() || a.device() != b.device()) {
    throw std::invalid_argument(
        fmt::format("cross_gram: b must be like a, {}, got {}", a.describe(), b.describe()));
  }
  const kernels::CrossGramShape shape{a.size(0), a.size(1) * a.size(2), a.size(3), b.size(3)};
  Tensor gram = Tensor::empty({shape.n, shape.rows, shape.columns}, a.dtype(), a.device());
  dispatch("cross_gram", a, [&]<class T>(const auto& context, std::type_identity<T>) {
    count_flops(cross_gram_flops(shape));
    kernels::cross_gram_forward<T>(context, shape, static_cast<T>(params.shift), static_cast<T>(params.scale),
                                   a.data<T>(), b.data<T>(), gram.mutable_data<T>());
  });
  return gram;
}

Tensor cross_gram_backward_a(const Tensor& b, const Tensor& grad_gram, const GramParams& params) {
  return cross_gram_backward(kernels::CrossGramOperand::a, b, grad_gram, params);
}

Tensor cross_gram_backward_b(const Tensor& a, const Tensor& grad_gram, const GramParams& params) {
  return cross_gram_backward(kernels::CrossGramOperand::b, a, grad_gram, params);
}

}  // namespace nst::ops
