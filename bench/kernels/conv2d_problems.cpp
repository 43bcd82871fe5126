// Every convolution of VGG-19 to conv5_1 and of Johnson's transform network at 512 px, in each direction, by
// every algorithm that can do it, in every math mode that the algorithm knows.
#include <fmt/format.h>

#include "bench/kernels/problem.h"
#include "tensor/cuda_backend.h"
#include "tensor/ops/conv2d.h"

namespace nst::bench {
namespace {

using ops::Conv2dAlgorithm;

struct Layer {
  const char* name;
  int64_t size, c, k, taps = 3, stride = 1;

  kernels::Conv2dShape shape() const { return {1, size, size, c, k, taps, taps, stride, taps / 2}; }
  std::string describe() const {
    return fmt::format("{} {}x{}, {} to {}", name, size, size, c, k) +
           (taps == 3 ? "" : fmt::format(", {0}x{0}", taps)) + (stride == 1 ? "" : ", stride 2");
  }
};

constexpr Layer kLayers[] = {
    {"conv1_1", 512, 3, 64},     {"conv1_2", 512, 64, 64},     {"conv2_1", 256, 64, 128},
    {"conv2_2", 256, 128, 128},  {"conv3_1", 128, 128, 256},   {"conv3_2", 128, 256, 256},
    {"conv4_1", 64, 256, 512},   {"conv4_2", 64, 512, 512},    {"conv5_1", 32, 512, 512},
    {"first", 512, 3, 32, 9},    {"down1", 512, 32, 64, 3, 2}, {"down2", 256, 64, 128, 3, 2},
    {"residual", 128, 128, 128}, {"up1", 256, 128, 64},        {"up2", 512, 64, 32},
    {"last", 512, 32, 3, 9},
};
constexpr Layer kQuickLayers[] = {{"thin", 9, 3, 8}, {"deep", 8, 16, 16}, {"down", 9, 8, 8, 3, 2}};

struct Choice {
  const char* name;
  Conv2dAlgorithm algorithm;
  MathMode math = MathMode::fp32;
};
constexpr Choice kChoices[] = {
    {"gemm", Conv2dAlgorithm::gemm},
    {"winograd4", Conv2dAlgorithm::winograd4},
    {"winograd2", Conv2dAlgorithm::winograd2},
    {"direct", Conv2dAlgorithm::direct},
    {"cuDNN", Conv2dAlgorithm::cudnn},
    {"gemm", Conv2dAlgorithm::gemm, MathMode::tf32},
    {"wgmma", Conv2dAlgorithm::wgmma_tf32, MathMode::tf32},
    {"cuDNN", Conv2dAlgorithm::cudnn, MathMode::tf32},
    {"gemm", Conv2dAlgorithm::gemm, MathMode::bf16},
    {"wgmma", Conv2dAlgorithm::wgmma_bf16, MathMode::bf16},
    {"cuDNN", Conv2dAlgorithm::cudnn, MathMode::bf16},
    {"gemm", Conv2dAlgorithm::gemm, MathMode::fp16},
    {"wgmma", Conv2dAlgorithm::wgmma_fp16, MathMode::fp16},
    {"cuDNN", Conv2dAlgorithm::cudnn, MathMode::fp16},
};

// docs/kernels.md documents these.
double tolerance(const Choice& choice) {
  switch (choice.math) {
    case MathMode::fp32:
      return 2e-5;
    case MathMode::tf32:
    case MathMode::fp16:
      return 2e-3;
    case MathMode::bf16:
      return 2e-2;
  }
  return 0;
}

enum class Direction { forward, input, weight };

// What the three directions read, of one type on one device.
struct Operands {
  Tensor x, bias, grad_y;
  ops::Conv2dWeight weight;

  Operands(const kernels::Conv2dShape& s, DType dtype, Device device)
      : x(noise({s.n, s.h, s.w, s.c}, 0).to(dtype).to(device)),
        bias(noise({s.k}, 2).to(dtype).to(device)),
        grad_y(noise({s.n, s.out_h(), s.out_w(), s.k}, 3).to(dtype).to(device)),
        weight(noise({s.k, s.c, s.r, s.s}, 1).to(dtype).to(device)) {}

  std::vector<Tensor> run(Direction direction, ops::Conv2dParams params) const {
    switch (direction) {
      case Direction::forward:
        params.relu = true;
        return {ops::conv2d_forward(x, weight, bias, params)};
      case Direction::input:
        return {ops::conv2d_backward_input(grad_y, {}, weight, x.shape(), params)};
      case Direction::weight:
        return {ops::conv2d_backward_weight(x, grad_y, weight.weight().shape(), params)};
    }
    return {};
  }
};

bool can_do(const Choice& choice, const kernels::Conv2dShape& shape, Direction direction) {
  // CUDA has one kernel for the weight's gradient, and cuDNN's.
  if (direction == Direction::weight && choice.algorithm != Conv2dAlgorithm::gemm &&
      choice.algorithm != Conv2dAlgorithm::cudnn)
    return false;
  set_math_mode(kCuda, choice.math);
  return kernels::conv2d_supports(cuda_context(kCuda), shape, choice.algorithm);
}

Problem conv2d_problem(const Layer& layer, const char* kernel, Direction direction) {
  const auto shape = layer.shape();
  const ops::Conv2dParams params{.stride = shape.stride, .padding = shape.pad};
  Problem problem{"production",
                  kernel,
                  kernel,
                  layer.describe(),
                  [=] { return Operands(shape, DType::float64, kCpu).run(direction, params); },
                  {}};
  for (const Choice& choice : kChoices) {
    if (!can_do(choice, shape, direction)) continue;
    auto chosen = params;
    chosen.algorithm = choice.algorithm;
    const auto make = [=]() -> Run {
      return
          [=, operands = Operands(shape, DType::float32, kCuda)] { return operands.run(direction, chosen); };
    };
    problem.ways.push_back({.name = choice.name,
                            .math = choice.math,
                            .tolerance = tolerance(choice),
                            .library = choice.algorithm == Conv2dAlgorithm::cudnn,
                            .make = make});
  }
  return problem;
}

}  // namespace

std::vector<Problem> conv2d_problems(bool quick) {
  const auto layers = quick ? std::span<const Layer>(kQuickLayers) : std::span<const Layer>(kLayers);
  std::vector<Problem> problems;
  for (const auto& [kernel, direction] :
       {std::pair{"conv2d", Direction::forward}, std::pair{"conv2d_backward_input", Direction::input},
        std::pair{"conv2d_backward_weight", Direction::weight}}) {
    for (const Layer& layer : layers) problems.push_back(conv2d_problem(layer, kernel, direction));
  }
  return problems;
}

}  // namespace nst::bench
