// The study ladders, at the shapes and under the names of bench/study_table.cpp. One more ladder is a
// function like those below and a line in study_problems().
#include <fmt/format.h>

#include <Eigen/Core>
#include <algorithm>

#include "bench/kernels/problem.h"
#include "kernels/study/conv2d/conv2d.h"
#include "kernels/study/gram/gram.h"
#include "kernels/study/instance_norm/instance_norm.h"
#include "kernels/study/matmul/matmul.h"
#include "tensor/cuda_backend.h"
#include "tensor/ops/conv2d.h"
#include "tensor/ops/gram.h"
#include "tensor/ops/instance_norm.h"
#include "tensor/ops/slice.h"

namespace nst::bench {
namespace {

namespace study = kernels::study;

// Of one shape: what every rung reads and writes, and what should come out.
struct Operands {
  Shape left, right, out;
  std::function<Tensor(const Tensor& left, const Tensor& right)> exact;  // float64 on the CPU
};

template <class ShapeOf>
using Kernel = void (*)(const kernels::CudaContext&, const ShapeOf&, const float*, const float*, float*);

template <class ShapeOf>
Way study_way(std::string name, Kernel<ShapeOf> kernel, const ShapeOf& shape, const Operands& operands) {
  const auto make = [=]() -> Run {
    return [=, left = noise(operands.left, 0).to(kCuda), right = noise(operands.right, 1).to(kCuda)] {
      Tensor out = Tensor::empty(operands.out, DType::float32, kCuda);
      kernel(cuda_context(kCuda), shape, left.data<float>(), right.data<float>(), out.mutable_data<float>());
      return std::vector<Tensor>{out};
    };
  };
  return {.name = std::move(name), .make = make};
}

// All rungs that can do the shape. They are rated by the arithmetic of the first, which computes the
// definition, and by the least that any has to move: what a better rung saves is to show as a higher rate.
template <class ShapeOf>
Problem ladder_problem(const char* ladder, std::string name, std::span<const study::Rung<ShapeOf>> rungs,
                       const ShapeOf& shape, const Operands& operands) {
  const auto reference = [=] {
    return std::vector<Tensor>{operands.exact(noise(operands.left, 0).to(DType::float64),
                                              noise(operands.right, 1).to(DType::float64))};
  };
  Work work{.flops = rungs.front().cost(shape).flop, .bytes = INFINITY};
  for (const auto& rung : rungs) work.bytes = std::min(work.bytes, rung.cost(shape).dram_bytes);
  Problem problem{"study", ladder, ladder, std::move(name), reference, {}};
  for (const auto& rung : rungs) {
    if (rung.can_run && !rung.can_run(shape)) continue;
    Way way = study_way(std::string(rung.name), rung.run, shape, operands);
    way.math = rung.cost(shape).tensor_cores ? MathMode::tf32 : MathMode::fp32;
    way.tolerance = rung.tolerance;
    way.work = work;
    problem.ways.push_back(std::move(way));
  }
  return problem;
}

void add_library(Problem& problem, Way way, MathMode math, double tolerance) {
  way.library = true;
  way.math = math;
  way.tolerance = tolerance;
  way.work = problem.ways.front().work;
  problem.ways.push_back(std::move(way));
}

constexpr double kFp32 = 1e-5, kTf32 = 2e-3;

Problem matmul(const char* name, const study::MatmulShape& shape) {
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto [m, n, k] = shape;
  const auto exact = [m = m, n = n, k = k](const Tensor& left, const Tensor& right) {
    Tensor out = Tensor::empty({m, n}, DType::float64);
    Eigen::Map<Matrix>(out.mutable_data<double>(), m, n).noalias() =
        Eigen::Map<const Matrix>(left.data<double>(), m, k) *
        Eigen::Map<const Matrix>(right.data<double>(), k, n);
    return out;
  };
  const Operands operands{{m, k}, {k, n}, {m, n}, exact};
  Problem problem = ladder_problem("matmul", name, study::matmul::rungs(), shape, operands);
  add_library(problem, study_way("cuBLAS", study::matmul::cublas, shape, operands), MathMode::fp32, kFp32);
  add_library(problem, study_way("cuBLAS", study::matmul::cublas_tf32, shape, operands), MathMode::tf32,
              kTf32);
  return problem;
}

// w (3, 3, C, K), as the ladder has it, to (K, C, 3, 3).
Tensor filters(const Tensor& w, int64_t c, int64_t k) {
  const auto values = w.to_vector<double>();
  std::vector<double> turned(values.size());
  for (int64_t tap = 0; tap < 9; ++tap) {
    for (int64_t i = 0; i < c; ++i)
      for (int64_t j = 0; j < k; ++j) turned[(j * c + i) * 9 + tap] = values[(tap * c + i) * k + j];
  }
  return Tensor::from<double>({k, c, 3, 3}, turned);
}

Way cudnn_way(const study::conv2d::Shape& s, const Operands& operands) {
  const auto make = [=]() -> Run {
    const ops::Conv2dWeight weight(filters(noise(operands.right, 1), s.c, s.k).to(DType::float32).to(kCuda));
    return [weight, x = noise(operands.left, 0).to(kCuda)] {
      const ops::Conv2dParams params{.padding = 1, .algorithm = ops::Conv2dAlgorithm::cudnn};
      return std::vector<Tensor>{ops::conv2d_forward(x, weight, {}, params)};
    };
  };
  return {.name = "cuDNN", .make = make};
}

Problem conv2d(const char* name, const study::conv2d::Shape& s) {
  const auto exact = [=](const Tensor& x, const Tensor& w) {
    return ops::conv2d_forward(x, ops::Conv2dWeight(filters(w, s.c, s.k)), {}, {.padding = 1});
  };
  const Operands operands{{s.n, s.h, s.w, s.c}, {3, 3, s.c, s.k}, {s.n, s.h, s.w, s.k}, exact};
  Problem problem = ladder_problem("conv2d", name, study::conv2d::rungs(), s, operands);
  if (const kernels::Conv2dShape shape{s.n, s.h, s.w, s.c, s.k, 3, 3, 1, 1};
      conv2d_supports(cuda_context(kCuda), shape, ops::Conv2dAlgorithm::cudnn)) {
    add_library(problem, cudnn_way(s, operands), MathMode::fp32, 2e-5);
    add_library(problem, cudnn_way(s, operands), MathMode::tf32, kTf32);
  }
  return problem;
}

// One image, as cuBLAS has it.
Problem gram(const char* name, const study::gram::Shape& s) {
  const auto exact = [=](const Tensor& features, const Tensor&) {
    return ops::gram_forward(features.reshape({s.n, s.pixels, 1, s.c}), {});
  };
  const Operands operands{{s.n, s.pixels, s.c}, {1}, {s.n, s.c, s.c}, exact};
  Problem problem = ladder_problem("gram", name, study::gram::rungs(), s, operands);
  for (Way& way : cublas_gram_ways(s.pixels, s.c)) add_library(problem, way, MathMode::fp32, kFp32);
  return problem;
}

Problem instance_norm(const char* name, const kernels::ChannelShape& s) {
  const auto exact = [=](const Tensor& x, const Tensor& parameters) {
    const auto row = [&](int64_t i) {
      return ops::slice_forward(parameters, {.axis = 0, .begin = i, .count = 1}).reshape({s.c});
    };
    const ops::InstanceNormParams params{.eps = study::instance_norm::kEps};
    return ops::instance_norm_forward(x.reshape({s.n, s.pixels, 1, s.c}), row(0), row(1), params)
        .y.reshape(x.shape());
  };
  const Operands operands{{s.n, s.pixels, s.c}, {2, s.c}, {s.n, s.pixels, s.c}, exact};
  return ladder_problem("instance_norm", name, study::instance_norm::rungs(), s, operands);
}

}  // namespace

std::vector<Problem> study_problems(bool quick) {
  if (quick) {
    return {matmul("quick", {64, 64, 32}), conv2d("quick", {1, 8, 8, 16, 16}), gram("quick", {1, 70, 20}),
            instance_norm("quick", {1, 50, 33})};
  }
  return {
      matmul("matmul", {4096, 4096, 4096}),
      conv2d("conv2d, conv1_2", {1, 512, 512, 64, 64}),
      conv2d("conv2d, conv4_2", {1, 64, 64, 512, 512}),
      gram("gram, relu1_1", {1, 512 * 512, 64}),
      gram("gram, relu4_1", {1, 64 * 64, 512}),
      instance_norm("instance_norm, a batch", {8, 128 * 128, 128}),
      instance_norm("instance_norm, one picture", {1, 512 * 512, 64}),
  };
}

}  // namespace nst::bench
