#include "kernels/study/matmul/matmul.h"

#include "tests/study/ladder_tests.h"

namespace nst {
namespace {

using kernels::study::MatmulShape;
using testing::Operands;

struct Matmul {
  using Shape = MatmulShape;
  static auto rungs() { return kernels::study::matmul::rungs(); }
  static std::vector<MatmulShape> shapes() {
    return {{1, 1, 1},
            {33, 1, 65},
            {1, 33, 17},
            {65, 17, 33},
            {130, 131, 37},
            // what loads of four elements can do: full tiles, ragged ones, more than a tile
            {1, 4, 4},
            {128, 128, 16},
            {65, 36, 20},
            {33, 132, 68},
            {257, 260, 52}};
  }
  static std::string describe(const MatmulShape& s) {
    return "m " + std::to_string(s.m) + ", n " + std::to_string(s.n) + ", k " + std::to_string(s.k);
  }
  static Operands operands(const MatmulShape& s) {
    return {testing::random_tensor({s.m, s.k}, DType::float32, 1),
            testing::random_tensor({s.k, s.n}, DType::float32, 2),
            {s.m, s.n}};
  }
  static std::vector<double> reference(const MatmulShape& s, const Operands& operands) {
    const auto left = operands.left.to_vector<double>(), right = operands.right.to_vector<double>();
    std::vector<double> out(static_cast<size_t>(int64_t{s.m} * s.n));
    for (int64_t i = 0; i < s.m; ++i) {
      for (int64_t k = 0; k < s.k; ++k) {
        for (int64_t j = 0; j < s.n; ++j) out[i * s.n + j] += left[i * s.k + k] * right[k * s.n + j];
      }
    }
    return out;
  }
};

TEST(MatmulYardstick, cublas_multiplies_the_same_matrices) {
  if (cuda_device_count() == 0) GTEST_SKIP() << "no CUDA device";
  for (const MatmulShape& shape : Matmul::shapes()) {
    testing::expect_close_to_reference<Matmul>(kernels::study::matmul::cublas, shape, 1e-6);
    testing::expect_close_to_reference<Matmul>(kernels::study::matmul::cublas_tf32, shape, 2e-3);
  }
}

const bool registered = testing::register_ladder<Matmul>("Matmul");

}  // namespace
}  // namespace nst
