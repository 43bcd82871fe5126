// The study ladders. One more ladder is a function like those below and a line in study_problems().
#include <fmt/format.h>

#include <Eigen/Core>
#include <algorithm>

#include "bench/kernels/problem.h"
#include "kernels/study/instance_norm/instance_norm.h"
#include "kernels/study/matmul/matmul.h"
#include "tensor/cuda_backend.h"
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
Problem ladder_problem(const char* ladder, std::string describe, std::span<const study::Rung<ShapeOf>> rungs,
                       const ShapeOf& shape, const Operands& operands) {
  const auto reference = [=] {
    return std::vector<Tensor>{operands.exact(noise(operands.left, 0).to(DType::float64),
                                              noise(operands.right, 1).to(DType::float64))};
  };
  Work work{.flops = rungs.front().cost(shape).flop, .bytes = INFINITY};
  for (const auto& rung : rungs) work.bytes = std::min(work.bytes, rung.cost(shape).dram_bytes);
  Problem problem{"study", ladder, ladder, std::move(describe), reference, {}};
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

Problem matmul(const study::MatmulShape& shape) {
  const auto [m, n, k] = shape;
  const Operands operands{{m, k}, {k, n}, {m, n}, [=](const Tensor& left, const Tensor& right) {
                            using Matrix =
                                Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
                            Tensor out = Tensor::empty({m, n}, DType::float64);
                            Eigen::Map<Matrix>(out.mutable_data<double>(), m, n).noalias() =
                                Eigen::Map<const Matrix>(left.data<double>(), m, k) *
                                Eigen::Map<const Matrix>(right.data<double>(), k, n);
                            return out;
                          }};
  Problem problem =
      ladder_problem("matmul", fmt::format("{}x{}x{}", m, n, k), study::matmul::rungs(), shape, operands);
  const Way& first = problem.ways.front();
  Way fp32 = study_way("cuBLAS", study::matmul::cublas, shape, operands), tf32 = fp32;
  fp32.library = true, fp32.work = first.work;
  tf32 = study_way("cuBLAS", study::matmul::cublas_tf32, shape, operands);
  tf32.library = true, tf32.work = first.work, tf32.math = MathMode::tf32, tf32.tolerance = 2e-3;
  problem.ways.insert(problem.ways.end(), {fp32, tf32});
  return problem;
}

Problem instance_norm(const kernels::ChannelShape& shape) {
  const Operands operands{
      {shape.n, shape.pixels, shape.c},
      {2, shape.c},
      {shape.n, shape.pixels, shape.c},
      [=](const Tensor& left, const Tensor& right) {
        const auto row = [&](int64_t i) {
          return ops::slice_forward(right, {.axis = 0, .begin = i, .count = 1}).reshape({shape.c});
        };
        const Tensor x = left.reshape({shape.n, shape.pixels, 1, shape.c});
        const ops::InstanceNormParams params{.eps = study::instance_norm::kEps};
        return ops::instance_norm_forward(x, row(0), row(1), params).y.reshape(left.shape());
      }};
  return ladder_problem("instance_norm", fmt::format("{}x{}x{}", shape.n, shape.pixels, shape.c),
                        study::instance_norm::rungs(), shape, operands);
}

}  // namespace

std::vector<Problem> study_problems(bool quick) {
  if (quick) return {matmul({64, 64, 32}), instance_norm({1, 50, 33})};
  return {matmul({1024, 1024, 1024}), matmul({4096, 4096, 4096}), instance_norm({1, 512 * 512, 32}),
          instance_norm({1, 128 * 128, 128})};
}

}  // namespace nst::bench
