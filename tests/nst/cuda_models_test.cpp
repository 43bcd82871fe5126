// Whole models on a CUDA device, against the CPU: what single kernels' tests cannot see is how they are put
// together.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "autograd/engine.h"
#include "autograd/ops/squared_error.h"
#include "nst/basic.h"
#include "tensor/profile.h"
#include "tests/cuda_model_test.h"
#include "tests/cuda_modes.h"
#include "tests/networks.h"
#if NST_CUDA_ON_CPU
#include "tests/cuda_on_cpu/runner/device_memory.h"
#endif

namespace nst {
namespace {

using testing::random_picture;
using testing::random_vgg_weights;

LossNetwork vgg16(const std::string& deepest, const nn::StateDict& weights, Device device,
                  DType dtype = DType::float32) {
  return LossNetwork({.depth = 16, .deepest = deepest}, weights, nn::kCaffePreprocessing, dtype, device);
}

using CudaModels = testing::CudaModelTest;

class CudaVgg16 : public CudaModels, public ::testing::WithParamInterface<std::pair<DType, double>> {};

// VGG16 on a square picture: five layers, then the gradient of the picture.
std::vector<std::vector<double>> layers_and_gradient(int64_t size, Device device, DType dtype) {
  const std::string deepest = "relu5_1";
  const std::vector<std::string> layers{"relu1_1", "relu2_1", "relu3_1", "relu4_1", deepest};
  const LossNetwork network = vgg16(deepest, random_vgg_weights(16, deepest), device, dtype);
  const autograd::Variable picture(random_picture(size, size, 1, dtype).to(device), true);
  const auto maps = network.features(picture, layers);
  const Tensor& last = maps.at(deepest).value();
  autograd::backward(
      autograd::sum_of_squares(maps.at(deepest), autograd::Variable(Tensor::zeros_like(last)), 1));
  std::vector<std::vector<double>> results;
  for (const auto& layer : layers) results.push_back(maps.at(layer).value().to_vector<double>());
  results.push_back(picture.grad().to_vector<double>());
  return results;
}

// |a - b| / |b|, Euclidean.
double relative_error(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double square = 0, error = 0;
  for (size_t i = 0; i < b.size(); ++i) {
    square += b[i] * b[i];
    error += (a[i] - b[i]) * (a[i] - b[i]);
  }
  return std::sqrt(error / square);
}

TEST_P(CudaVgg16, forward_and_backward_at_64_pixels) {
  const auto& [dtype, tolerance] = GetParam();
  const auto expected = layers_and_gradient(64, kCpu, dtype), results = layers_and_gradient(64, kCuda, dtype);
  for (size_t i = 0; i < results.size(); ++i) {
    const double error = relative_error(results[i], expected[i]);
    EXPECT_TRUE(error <= tolerance) << "result " << i << ": " << error;
  }
}

// In float32 a rounding may turn the sign of a value before a ReLU, or the winner of a window, and with it
// the way of some gradient.
INSTANTIATE_TEST_SUITE_P(types, CudaVgg16,
                         ::testing::Values(std::pair{DType::float64, 1e-12}, std::pair{DType::float32, 1e-3}),
                         [](const auto& info) { return std::string(name_of(info.param.first)); });

// What a math mode does to the whole network: the worst layer, and the gradient of the picture, in which a
// rounding that turns a ReLU or a pool's winner shows more. docs/kernels.md has the numbers.
struct MathModeOfVgg {
  MathMode mode;
  ConvBackend backend;
  double layer_tolerance, gradient_tolerance;
};

class CudaVgg16MathMode : public CudaModels, public ::testing::WithParamInterface<MathModeOfVgg> {};

TEST_P(CudaVgg16MathMode, is_as_exact_as_documented) {
  const auto& [mode, backend, layer_tolerance, gradient_tolerance] = GetParam();
  if (backend == ConvBackend::cudnn && !cudnn_problem().empty()) GTEST_SKIP() << cudnn_problem();
  const auto exact = layers_and_gradient(32, kCpu, DType::float64);
  const testing::MathModeScope math(mode);
  const testing::ConvBackendScope convolutions(backend);
  const auto results = layers_and_gradient(32, kCuda, DType::float32);
  double worst = 0;
  for (size_t i = 0; i + 1 < results.size(); ++i)
    worst = std::max(worst, relative_error(results[i], exact[i]));
  const double gradient = relative_error(results.back(), exact.back());
  fmt::print("layers {:.1e}, gradient {:.1e}\n", worst, gradient);
  EXPECT_TRUE(worst <= layer_tolerance) << worst;
  EXPECT_TRUE(gradient <= gradient_tolerance) << gradient;
  if (mode != MathMode::fp32) {
    EXPECT_GT(worst, 1e-5);  // the rounding shows
  }
}

INSTANTIATE_TEST_SUITE_P(modes, CudaVgg16MathMode,
                         ::testing::Values(MathModeOfVgg{MathMode::fp32, ConvBackend::own, 1e-5, 1e-3},
                                           MathModeOfVgg{MathMode::tf32, ConvBackend::own, 2e-3, 0.15},
                                           MathModeOfVgg{MathMode::bf16, ConvBackend::own, 1.5e-2, 0.3},
                                           MathModeOfVgg{MathMode::fp16, ConvBackend::own, 2e-3, 0.15},
                                           MathModeOfVgg{MathMode::fp32, ConvBackend::cudnn, 1e-5, 1e-3},
                                           MathModeOfVgg{MathMode::tf32, ConvBackend::cudnn, 2e-3, 0.15}));

// L-BFGS learns from differences, and in float32 makes so much of a rounding that only float64 can tell
// whether both devices do the same.
struct Run {
  OptimiserKind optimiser;
  DType dtype;
  double tolerance;
};

class CudaBasic : public CudaModels, public ::testing::WithParamInterface<Run> {};

TEST_P(CudaBasic, five_iterations_are_the_cpus) {
  const auto& [optimiser, dtype, tolerance] = GetParam();
  const nn::StateDict weights = random_vgg_weights(16, "relu2_1");
  BasicOptions options{.optimiser = optimiser, .iterations = 5};
  options.objective = {.content_layers = {{"relu2_1", 1}},
                       .style_layers = {{"relu1_1", 1}, {"relu2_1", 0.5}},
                       .tv_weight = 1e-4};
  const auto run = [&, dtype = dtype](Device device) {
    const LossNetwork network = vgg16("relu2_1", weights, device, dtype);
    Basic basic(network, random_picture(32, 32, 1, dtype).to(device),
                {{random_picture(20, 33, 8, dtype).to(device), 1}}, options);
    while (!basic.finished()) basic.step();
    EXPECT_EQ(basic.picture().device(), device);
    return std::pair(basic.history(), basic.picture().to_vector<double>());
  };
  const auto [history, picture] = run(kCpu);
  const auto [cuda_history, cuda_picture] = run(kCuda);
  ASSERT_EQ(cuda_history.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    const LossTerms &expected = history[i].loss, &loss = cuda_history[i].loss;
    EXPECT_NEAR(loss.total, expected.total, tolerance * expected.total) << i;
    EXPECT_NEAR(loss.style, expected.style, tolerance * expected.total) << i;
    EXPECT_NEAR(loss.tv, expected.tv, tolerance * expected.tv) << i;
  }
  EXPECT_CLOSE(cuda_picture, picture, tolerance);
}

TEST_P(CudaBasic, a_checkpoint_goes_from_the_cpu_to_cuda_and_back) {
  const auto& [optimiser, dtype, tolerance] = GetParam();
  const nn::StateDict weights = random_vgg_weights(16, "relu1_1");
  BasicOptions options{.optimiser = optimiser, .iterations = 4};
  options.objective = {.content_layers = {{"relu1_1", 1}}, .style_layers = {{"relu1_1", 1}}};
  const LossNetwork on_cpu = vgg16("relu1_1", weights, kCpu, dtype),
                    on_cuda = vgg16("relu1_1", weights, kCuda, dtype);
  const auto make = [&, dtype = dtype](const LossNetwork& network, Device device) {
    return Basic(network, random_picture(12, 10, 1, dtype).to(device),
                 {{random_picture(9, 8, 8, dtype).to(device), 1}}, options);
  };
  Basic whole = make(on_cpu, kCpu), first = make(on_cpu, kCpu), second = make(on_cuda, kCuda),
        third = make(on_cpu, kCpu);
  while (!whole.finished()) whole.step();
  first.step();
  second.resume(first.checkpoint());
  second.step();
  third.resume(second.checkpoint());
  while (!third.finished()) third.step();
  EXPECT_CLOSE(third.picture(), whole.picture(), tolerance);
}

#if NST_CUDA_ON_CPU
// For the losses and all else that decides the next one; however long the history of L-BFGS is.
TEST_P(CudaBasic, a_step_waits_for_the_device_once) {
  const auto& [optimiser, dtype, tolerance] = GetParam();
  const LossNetwork network = vgg16("relu1_1", random_vgg_weights(16, "relu1_1"), kCuda, dtype);
  BasicOptions options{.optimiser = optimiser};
  options.objective = {.content_layers = {{"relu1_1", 1}}, .style_layers = {{"relu1_1", 1}}, .tv_weight = 1};
  Basic basic(network, random_picture(12, 10, 1, dtype).to(kCuda),
              {{random_picture(9, 8, 8, dtype).to(kCuda), 1}}, options);
  basic.step();  // the first evaluates twice
  for (int i = 0; i < 4; ++i) {
    const uint64_t before = cuda_on_cpu::statistics().waits;
    basic.step();
    EXPECT_EQ(cuda_on_cpu::statistics().waits - before, 1u);
  }
}
#endif

INSTANTIATE_TEST_SUITE_P(optimisers, CudaBasic,
                         ::testing::Values(Run{OptimiserKind::lbfgs, DType::float64, 1e-9},
                                           Run{OptimiserKind::adam, DType::float64, 1e-9},
                                           Run{OptimiserKind::adam, DType::float32, 1e-4}),
                         [](const auto& info) {
                           return fmt::format("{}_{}", name_of(info.param.optimiser),
                                              name_of(info.param.dtype));
                         });

// --- captured evaluations

struct Start {
  OptimiserKind optimiser;
  DType dtype;
};

class CudaCapture : public CudaModels, public ::testing::WithParamInterface<Start> {
 protected:
  // relu2_1 under two layers of style; at 40 pixels by Winograd, at 12 by a product.
  const nn::StateDict weights_ = random_vgg_weights(16, "relu2_1");
  BasicOptions options(bool capture) const {
    BasicOptions options{.optimiser = GetParam().optimiser, .iterations = 5, .capture = capture};
    options.objective = {.content_layers = {{"relu2_1", 1}},
                         .style_layers = {{"relu1_1", 1}, {"relu2_1", 0.5}},
                         .tv_weight = 1e-4};
    return options;
  }
  LossNetwork network() const { return vgg16("relu2_1", weights_, kCuda, GetParam().dtype); }
  Basic make(const LossNetwork& network, bool capture, int64_t size = 12) const {
    return Basic(network, random_picture(size, size + 3, 1, GetParam().dtype).to(kCuda),
                 {{random_picture(9, 8, 8, GetParam().dtype).to(kCuda), 1}}, options(capture));
  }
  static std::vector<double> losses(const Basic& basic) {
    std::vector<double> all;
    for (const auto& r : basic.history()) all.insert(all.end(), {r.loss.total, r.loss.style, r.loss.tv});
    return all;
  }
  static void expect_same_bits(const Basic& a, const Basic& b) {
    EXPECT_EQ(losses(a), losses(b));
    EXPECT_EQ(a.picture().to_vector<double>(), b.picture().to_vector<double>());
    for (const auto* basic : {&a, &b}) {
      for (const auto& r : basic->history()) EXPECT_EQ(r.note, "");
    }
  }
};

TEST_P(CudaCapture, five_replayed_iterations_are_the_same_to_the_bit) {
  const LossNetwork network = this->network();
  Basic plain = make(network, false), captured = make(network, true);
  while (!plain.finished()) plain.step();
  while (!captured.finished()) captured.step();
  EXPECT_FALSE(plain.captured());
  EXPECT_TRUE(captured.captured());
  expect_same_bits(captured, plain);
}

TEST_P(CudaCapture, a_resumed_run_replays_to_the_same_bits) {
  const LossNetwork network = this->network();
  Basic plain = make(network, false), first = make(network, true), second = make(network, true);
  while (!plain.finished()) plain.step();
  while (!first.captured()) first.step();
  const nn::StateDict checkpoint = first.checkpoint();
  while (!second.finished()) second.step();
  second.resume(checkpoint);  // its graph goes on from another picture
  while (!second.finished()) second.step();
  while (!first.finished()) first.step();
  expect_same_bits(first, plain);
  expect_same_bits(second, plain);
}

// The second run outgrows the scratch memory and repacks the weights that the first one's graph uses.
TEST_P(CudaCapture, two_runs_of_different_sizes_take_turns) {
  const LossNetwork network = this->network();
  Basic small = make(network, true), large = make(network, true, 40);
  for (int i = 0; i < 3; ++i) small.step();
  EXPECT_TRUE(small.captured());
  while (!large.finished()) {
    large.step();
    if (!small.finished()) small.step();
  }
  const LossNetwork other = this->network();
  Basic plain_small = make(other, false), plain_large = make(other, false, 40);
  while (!plain_small.finished()) plain_small.step();
  while (!plain_large.finished()) plain_large.step();
  expect_same_bits(small, plain_small);
  expect_same_bits(large, plain_large);
}

TEST_P(CudaCapture, a_destroyed_run_gives_all_its_memory_back) {
  const auto in_use = [] { return allocator(kCuda).stats().in_use; };
  const LossNetwork network = this->network();
  make(network, false).step();  // packs the weights
  const size_t before = in_use();
#if NST_CUDA_ON_CPU
  const size_t device_before = cuda_on_cpu::device_bytes_in_use();
#endif
  {
    Basic basic = make(network, true);
    while (!basic.finished()) basic.step();
    EXPECT_TRUE(basic.captured());
    EXPECT_GT(in_use(), before);
  }
  EXPECT_EQ(in_use(), before);
#if NST_CUDA_ON_CPU
  EXPECT_EQ(cuda_on_cpu::device_bytes_in_use(), device_before);
#endif
}

// A step under another math mode is what it would be without a graph, and so are those after it.
TEST_P(CudaCapture, another_math_mode_is_noticed) {
  const LossNetwork network = this->network();
  Basic plain = make(network, false), captured = make(network, true);
  while (!plain.finished()) {
    const testing::MathModeScope math(plain.history().size() == 3 ? MathMode::tf32 : MathMode::fp32);
    plain.step();
    captured.step();
    const size_t steps = captured.history().size();
    if (steps == 3 || steps == 4) {
      EXPECT_EQ(captured.captured(), steps == 3);  // the fourth is the odd one
    }
  }
  expect_same_bits(captured, plain);
}

TEST_P(CudaCapture, a_profile_sees_every_op) {
  const LossNetwork network = this->network();
  Basic basic = make(network, true), plain = make(network, false);
  while (!plain.finished()) plain.step();
  for (int i = 0; i < 3; ++i) basic.step();
  ASSERT_TRUE(basic.captured());
  {
    Profile profile;
    basic.step();
    const auto& events = profile.events();
    EXPECT_TRUE(std::ranges::any_of(events, [](const OpEvent& e) { return e.op == "conv2d"; }));
  }
  basic.step();
  expect_same_bits(basic, plain);
}

#if NST_CUDA_ON_CPU
TEST_P(CudaCapture, a_replay_is_one_launch) {
  const LossNetwork network = this->network();
  Basic basic = make(network, true);
  while (!basic.captured()) basic.step();
  const uint64_t before = cuda_on_cpu::statistics().graphs;
  basic.step();
  EXPECT_EQ(cuda_on_cpu::statistics().graphs - before, 1u);
}
#endif

INSTANTIATE_TEST_SUITE_P(optimisers, CudaCapture,
                         ::testing::Values(Start{OptimiserKind::lbfgs, DType::float64},
                                           Start{OptimiserKind::lbfgs, DType::float32},
                                           Start{OptimiserKind::adam, DType::float64},
                                           Start{OptimiserKind::adam, DType::float32}),
                         [](const auto& info) {
                           return fmt::format("{}_{}", name_of(info.param.optimiser),
                                              name_of(info.param.dtype));
                         });

}  // namespace
}  // namespace nst
