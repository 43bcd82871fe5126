// The yardsticks of a Gram matrix: cuBLAS' product, as if it were any, or of one half of it. What features
// (pixels, C) are row by row is to cuBLAS a matrix F of C rows, column by column; G = F F^T.
#include "bench/kernels/problem.h"
#include "kernels/cuda/context.h"
#include "kernels/cuda/cublas.h"
#include "tensor/cuda_backend.h"

namespace nst::bench {
namespace {

constexpr float kOne = 1, kZero = 0;

Way gram_way(const char* name, int pixels, int c, auto product) {
  const auto make = [=]() -> Run {
    return [=, x = noise({pixels, c}, 0).to(kCuda), gram = Tensor::zeros({1, c, c}).to(kCuda)]() mutable {
      CUDA_CHECK(
          product(cuda_context(kCuda).cublas(), c, pixels, x.data<float>(), gram.mutable_data<float>()));
      return std::vector<Tensor>{gram};
    };
  };
  return {.name = name, .library = true, .make = make};
}

// cuBLAS' upper half is our lower one.
void mirror(std::vector<Tensor>& outputs, int c) {
  auto values = outputs[0].to_vector<float>();
  for (int64_t i = 0; i < c; ++i)
    for (int64_t j = i + 1; j < c; ++j) values[i * c + j] = values[j * c + i];
  outputs[0] = Tensor::from(outputs[0].shape(), values);
}

}  // namespace

std::vector<Way> cublas_gram_ways(int64_t pixels, int64_t channels) {
  const int p = static_cast<int>(pixels), c = static_cast<int>(channels);
  Way gemm = gram_way("cuBLAS gemm", p, c, [](auto blas, int c, int pixels, const float* x, float* gram) {
    return kernels::cuda::cublas().cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_T, c, c, pixels, &kOne, x, c, x,
                                               c, &kZero, gram, c);
  });
  Way syrk = gram_way("cuBLAS syrk", p, c, [](auto blas, int c, int pixels, const float* x, float* gram) {
    return kernels::cuda::cublas().cublasSsyrk(blas, CUBLAS_FILL_MODE_UPPER, CUBLAS_OP_N, c, pixels, &kOne, x,
                                               c, &kZero, gram, c);
  });
  syrk.complete = [c](std::vector<Tensor>& outputs) { mirror(outputs, c); };
  return {gemm, syrk};
}

}  // namespace nst::bench
