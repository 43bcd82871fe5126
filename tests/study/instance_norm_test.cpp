#include "kernels/study/instance_norm/instance_norm.h"

#include "tests/study/ladder_tests.h"

namespace nst {
namespace {

using kernels::ChannelShape;
using testing::Operands;

struct InstanceNorm {
  using Shape = ChannelShape;
  static auto rungs() { return kernels::study::instance_norm::rungs(); }
  static std::vector<ChannelShape> shapes() {
    return {{1, 1, 1},
            {2, 33, 1},
            {1, 65 * 17, 33},
            {3, 130, 65},
            {1, 5003, 3},
            // float4: one pixel, ragged channels, more than a chunk of pixels
            {2, 1, 4},
            {2, 513, 36},
            {1, 1500, 64},
            {3, 31, 100}};
  }
  static std::string describe(const ChannelShape& s) {
    return "n " + std::to_string(s.n) + ", pixels " + std::to_string(s.pixels) + ", c " + std::to_string(s.c);
  }
  // Channels whose mean is up to 20 times their deviation, and some so faint that the variance is like eps.
  static Operands operands(const ChannelShape& s) {
    auto x = testing::random_tensor({s.n, s.pixels, s.c}, DType::float32, 1).to_vector<double>();
    for (size_t i = 0; i < x.size(); ++i) {
      const auto c = static_cast<int64_t>(i) % s.c;
      x[i] = (x[i] + static_cast<double>(c % 5 - 2) * 5) * (c % 3 == 1 ? 0.01 : 1);
    }
    return {Tensor::from<double>({s.n, s.pixels, s.c}, x).to(DType::float32),
            testing::random_tensor({2, s.c}, DType::float32, 2, 0.5, 1.5),
            {s.n, s.pixels, s.c}};
  }
  static std::vector<double> reference(const ChannelShape& s, const Operands& operands) {
    const auto x = operands.left.to_vector<double>(), gamma_beta = operands.right.to_vector<double>();
    const auto pixels = static_cast<double>(s.pixels);
    std::vector<double> out(x.size());
    for (int64_t n = 0; n < s.n; ++n) {
      for (int64_t c = 0; c < s.c; ++c) {
        const auto at = [&](int64_t p) { return (n * s.pixels + p) * s.c + c; };
        double mean = 0, variance = 0;
        for (int64_t p = 0; p < s.pixels; ++p) mean += x[at(p)] / pixels;
        for (int64_t p = 0; p < s.pixels; ++p) variance += (x[at(p)] - mean) * (x[at(p)] - mean) / pixels;
        for (int64_t p = 0; p < s.pixels; ++p) {
          out[at(p)] = gamma_beta[c] * (x[at(p)] - mean) /
                           std::sqrt(variance + double{kernels::study::instance_norm::kEps}) +
                       gamma_beta[s.c + c];
        }
      }
    }
    return out;
  }
};

const bool registered = testing::register_ladder<InstanceNorm>("InstanceNorm");

}  // namespace
}  // namespace nst
