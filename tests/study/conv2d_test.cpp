#include "kernels/study/conv2d/conv2d.h"

#include "tests/study/ladder_tests.h"

namespace nst {
namespace {

using testing::Operands;

struct Conv2d {
  using Shape = kernels::study::conv2d::Shape;
  static auto rungs() { return kernels::study::conv2d::rungs(); }
  static std::vector<Shape> shapes() {
    return {{1, 1, 1, 1, 1},
            {2, 5, 7, 3, 5},
            {1, 17, 9, 9, 65},   // one more than a tile of pixels, channels and filters
            {1, 2, 33, 35, 31},  // more than 32 channels at a time, fewer than 32 filters
            // what loads of four elements can do: a full tile, ragged ones, several images
            {1, 16, 8, 8, 64},
            {3, 5, 7, 12, 36},
            {1, 33, 5, 20, 68},
            {2, 13, 11, 4, 4},
            {2, 45, 48, 4, 12}};  // 288 tiles of 4x4: more than the runner's L2 holds at a time
  }
  static std::string describe(const Shape& s) {
    std::string text = "x (" + std::to_string(s.n) + ", " + std::to_string(s.h) + ", " + std::to_string(s.w);
    return text + ", " + std::to_string(s.c) + "), " + std::to_string(s.k) + " filters";
  }
  static Operands operands(const Shape& s) {
    return {testing::random_tensor({s.n, s.h, s.w, s.c}, DType::float32, 1),
            testing::random_tensor({3, 3, s.c, s.k}, DType::float32, 2),
            {s.n, s.h, s.w, s.k}};
  }
  static std::vector<double> reference(const Shape& g, const Operands& operands) {
    const auto x = operands.left.to_vector<double>(), w = operands.right.to_vector<double>();
    std::vector<double> y(static_cast<size_t>(g.pixels()) * g.k);
    for (int pixel = 0; pixel < g.pixels(); ++pixel) {
      for (int tap = 0; tap < 9; ++tap) {
        const int dh = tap / 3 - 1, dw = tap % 3 - 1;
        const int row = pixel / g.w % g.h + dh, column = pixel % g.w + dw;
        if (row < 0 || row >= g.h || column < 0 || column >= g.w) continue;
        for (int c = 0; c < g.c; ++c) {
          const double input = x[(pixel + dh * g.w + dw) * g.c + c];
          for (int k = 0; k < g.k; ++k) y[pixel * g.k + k] += input * w[(tap * g.c + c) * g.k + k];
        }
      }
    }
    return y;
  }
};

const bool registered = testing::register_ladder<Conv2d>("Conv2d");

}  // namespace
}  // namespace nst
