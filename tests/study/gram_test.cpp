#include "kernels/study/gram/gram.h"

#include "tests/study/ladder_tests.h"

namespace nst {
namespace {

using testing::Operands;

struct Gram {
  using Shape = kernels::study::gram::Shape;
  static auto rungs() { return kernels::study::gram::rungs(); }
  static std::vector<Shape> shapes() {
    return {{1, 1, 1},
            {2, 33, 17},
            {1, 65, 33},   // one more than a tile, or two
            {1, 17, 131},  // six tiles of 64x64
            // what copies of four elements can do: a full tile, ragged ones, several images and parts
            {1, 16, 64},
            {2, 35, 36},
            {1, 800, 68},
            {2, 1031, 20},
            {1, 9, 132}};
  }
  static std::string describe(const Shape& s) {
    return std::to_string(s.n) + " images, " + std::to_string(s.pixels) + " pixels, c " + std::to_string(s.c);
  }
  static Operands operands(const Shape& s) {
    return {
        testing::random_tensor({s.n, s.pixels, s.c}, DType::float32, 1), Tensor::empty({0}), {s.n, s.c, s.c}};
  }
  static std::vector<double> reference(const Shape& s, const Operands& operands) {
    const auto features = operands.left.to_vector<double>();
    std::vector<double> gram(s.out_numel());
    for (int row = 0; row < s.n * s.pixels; ++row) {
      const double* const pixel = features.data() + static_cast<size_t>(row) * s.c;
      double* const image = gram.data() + static_cast<size_t>(row / s.pixels) * s.c * s.c;
      for (int i = 0; i < s.c; ++i) {
        for (int j = 0; j < s.c; ++j) image[i * s.c + j] += pixel[i] * pixel[j];
      }
    }
    return gram;
  }
};

const bool registered = testing::register_ladder<Gram>("Gram");

TEST(GramLadder, results_are_symmetric_to_the_bit) {
  if (cuda_device_count() == 0) GTEST_SKIP() << "no CUDA device";
  const Gram::Shape shape{2, 530, 68};
  const Tensor features = Gram::operands(shape).left.to(kCuda);
  for (const auto& rung : Gram::rungs()) {
    Tensor gram = Tensor::full({shape.n, shape.c, shape.c}, NAN).to(kCuda);
    rung.run(cuda_context(kCuda), shape, features.data<float>(), nullptr, gram.mutable_data<float>());
    const auto values = gram.to_vector<float>();
    for (int i = 0; i < shape.n * shape.c; ++i) {
      const int image = i / shape.c * shape.c;
      for (int j = 0; j < shape.c; ++j) {
        ASSERT_EQ(values[i * shape.c + j], values[(image + j) * shape.c + i - image]) << rung.name;
      }
    }
  }
}

}  // namespace
}  // namespace nst
