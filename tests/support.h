// What every test needs: tensors with known values, comparisons in which NaN fails, the gradcheck registry.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "autograd/gradcheck.h"
#include "tensor/tensor.h"

namespace nst::testing {

// Uniform values in [low, high), the same on every machine for a seed.
Tensor random_tensor(const Shape& shape, DType dtype, uint64_t seed, double low = -1, double high = 1);
// float64 values at least 0.05 from zero, for functions with a kink there.
Tensor random_away_from_zero(const Shape& shape, uint64_t seed);

// Where the tests of an op with CUDA kernels run: the CPU and, if there is one, a CUDA device (see
// cuda_on_cpu/README.md). For INSTANTIATE_TEST_SUITE_P(devices, Relu,
// ::testing::ValuesIn(testing::devices())).
std::vector<Device> devices();

// Runs check() with each of the CPU's kernel variants that can run here (kernels/cpu_variant.h).
void for_each_cpu_variant(const std::function<void()>& check);

// max |a - b| / max(1, max |b|); NaN when any element of either is NaN.
double relative_difference(const Tensor& a, const Tensor& b);
double relative_difference(const std::vector<double>& a, const std::vector<double>& b);

// A pass only if the difference is a number and within tolerance.
#define EXPECT_CLOSE(a, b, tolerance)                                               \
  do {                                                                              \
    const double difference = ::nst::testing::relative_difference((a), (b));        \
    EXPECT_TRUE(difference <= (tolerance)) << "relative difference " << difference; \
  } while (0)

// Expects `f` to give the same bits on 1, 2 and 5 threads.
void expect_same_on_any_threads(const std::function<Tensor()>& f);

// Expects `statement` to throw std::invalid_argument whose message contains `part`.
#define EXPECT_INVALID(statement, part)                                                   \
  do {                                                                                    \
    try {                                                                                 \
      statement;                                                                          \
      ADD_FAILURE() << "no exception";                                                    \
    } catch (const std::invalid_argument& error) {                                        \
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what(); \
    }                                                                                     \
  } while (0)

// Expects `statement` to throw std::runtime_error whose message contains `part`.
#define EXPECT_FAILURE(statement, part)                                                   \
  do {                                                                                    \
    try {                                                                                 \
      statement;                                                                          \
      ADD_FAILURE() << "no exception";                                                    \
    } catch (const std::runtime_error& error) {                                           \
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what(); \
    }                                                                                     \
  } while (0)

// An empty folder of its own, removed with all it holds when it goes out of scope.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  // The names of what it holds, sorted.
  std::vector<std::string> names() const;

 private:
  std::filesystem::path path_;
};

// Where the reference data lies; a test that needs it calls SKIP_WITHOUT_SHARED().
std::string shared_path(const std::string& relative);
bool has_shared();
#define SKIP_WITHOUT_SHARED() \
  if (!::nst::testing::has_shared()) GTEST_SKIP() << "the reference data (../shared) is missing"

struct GradcheckCase {
  std::string name;  // "conv2d_stride2"
  autograd::DifferentiableFn fn;
  std::vector<Tensor> inputs;  // float64
  autograd::GradcheckOptions options;
  Device device = kCpu;
};
// Each op's test file registers its cases at start-up; gradcheck_test.cpp runs them all and fails when a
// differentiable op has none. With `devices`, each case is run on each.
bool register_gradchecks(const std::vector<GradcheckCase>& cases);
bool register_gradchecks(const std::vector<GradcheckCase>& cases, const std::vector<Device>& devices);
const std::vector<GradcheckCase>& gradcheck_cases();

}  // namespace nst::testing

namespace nst {

// How GoogleTest names a device.
void PrintTo(const Device& device, std::ostream* os);

}  // namespace nst
