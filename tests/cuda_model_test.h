// The fixture of tests that run whole models on a CUDA device.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "tensor/device.h"
#if NST_CUDA_ON_CPU
#include "tests/cuda_on_cpu/runner/engine.h"
#endif

namespace nst::testing {

// A GPU, or the CUDA-on-CPU runner. There every kernel has been run in several orders by the tests of its op;
// for whole models one order has to do.
class CudaModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (cuda_device_count() == 0) GTEST_SKIP() << "there is no CUDA device";
#if NST_CUDA_ON_CPU
    orders_ = cuda_on_cpu::orders();
    cuda_on_cpu::set_orders({cuda_on_cpu::Order::forward});
#endif
  }
#if NST_CUDA_ON_CPU
  void TearDown() override {
    if (!orders_.empty()) cuda_on_cpu::set_orders(orders_);
  }
  std::vector<cuda_on_cpu::Order> orders_;
#endif
};

}  // namespace nst::testing
