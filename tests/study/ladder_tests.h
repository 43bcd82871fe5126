// The tests of any study ladder: every rung against a float64 reference, and its counted cost. A ladder
// describes itself in a few functions and registers its tests with one line (matmul_test.cpp):
//
//   struct Matmul {
//     using Shape = MatmulShape;
//     static std::span<const Rung<Shape>> rungs();
//     static std::vector<Shape> shapes();           // odd ones, more than a tile, more than a block
//     static std::string describe(const Shape&);
//     static Operands operands(const Shape&);       // what left and right hold, and how large out is
//     static std::vector<double> reference(const Shape&, const Operands&);
//   };
//   const bool registered = register_ladder<Matmul>("Matmul");
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/study/ladder.h"
#include "tensor/cuda_backend.h"
#include "tests/support.h"

namespace nst::testing {

// On the CPU, float32.
struct Operands {
  Tensor left, right;
  Shape out;
};

// max |a - b| / max |b|: a rung's tolerance is relative to the largest result, however small that is. NaN
// when any element of either is.
inline double difference_to_largest(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return NAN;
  double largest = 0, difference = 0;
  for (size_t i = 0; i < b.size(); ++i) {
    if (!std::isfinite(a[i]) || !std::isfinite(b[i])) return NAN;
    largest = std::max(largest, std::abs(b[i]));
    difference = std::max(difference, std::abs(a[i] - b[i]));
  }
  return largest > 0 ? difference / largest : difference;
}

// A function with the signature of Rung::run against the reference, in outputs that were NaN.
template <class Ladder, class Run>
void expect_close_to_reference(Run run, const typename Ladder::Shape& shape, double tolerance) {
  SCOPED_TRACE(Ladder::describe(shape));
  const Operands operands = Ladder::operands(shape);
  const Tensor left = operands.left.to(kCuda), right = operands.right.to(kCuda);
  Tensor out = Tensor::full(operands.out, NAN).to(kCuda);
  run(cuda_context(kCuda), shape, left.template data<float>(), right.template data<float>(),
      out.template mutable_data<float>());
  const double difference =
      difference_to_largest(out.template to_vector<double>(), Ladder::reference(shape, operands));
  EXPECT_TRUE(difference <= tolerance) << "relative difference " << difference;
}

template <class Ladder>
void expect_rung_is_right(const kernels::study::Rung<typename Ladder::Shape>& rung) {
  int runs = 0;
  for (const auto& shape : Ladder::shapes()) {
    if (rung.can_run && !rung.can_run(shape)) continue;
    ++runs;
    expect_close_to_reference<Ladder>(rung.run, shape, rung.tolerance);
  }
  EXPECT_GE(runs, 3) << "too few of the ladder's shapes suit this rung";
}

// Costs that no shape may contradict: something is moved and computed, and what comes from memory passes L2.
template <class Ladder>
void expect_cost_makes_sense(const kernels::study::Rung<typename Ladder::Shape>& rung) {
  for (const auto& shape : Ladder::shapes()) {
    SCOPED_TRACE(Ladder::describe(shape));
    const auto cost = rung.cost(shape);
    EXPECT_GT(cost.flop, 0);
    EXPECT_GT(cost.dram_bytes, 0);
    EXPECT_GE(cost.l2_bytes, cost.dram_bytes);
    EXPECT_GT(cost.shared_bytes, 0);
    EXPECT_GE(cost.bytes_in_flight, 0);
  }
}

// A test made of a function, named "Matmul.03_shared_tile_is_right".
class LadderTest : public ::testing::Test {
 public:
  explicit LadderTest(std::function<void()> body) : body_(std::move(body)) {}
  void TestBody() override {
    if (cuda_device_count() == 0) GTEST_SKIP() << "no CUDA device";
    body_();
  }

 private:
  std::function<void()> body_;
};

template <class Ladder>
bool register_ladder(const char* name) {
  const auto add = [&](const std::string& test, std::function<void()> body) {
    ::testing::RegisterTest(name, test.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                            [body = std::move(body)]() -> LadderTest* { return new LadderTest(body); });
  };
  for (const auto& rung : Ladder::rungs()) {
    add(std::string(rung.name) + "_is_right", [&rung] { expect_rung_is_right<Ladder>(rung); });
    add(std::string(rung.name) + "_costs_something", [&rung] { expect_cost_makes_sense<Ladder>(rung); });
  }
  return true;
}

}  // namespace nst::testing
