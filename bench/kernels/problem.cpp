#include "bench/kernels/problem.h"

#include "kernels/parallel.h"

namespace nst::bench {
namespace {

// Steele, Lea & Flood 2014, SplitMix64: any element without those before it.
uint64_t mixed(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

std::vector<Tensor> make_inputs(const std::vector<Shape>& shapes, const Prepare& prepare, DType dtype,
                                Device device) {
  std::vector<Tensor> inputs;
  for (const Shape& shape : shapes) inputs.push_back(noise(shape, inputs.size()).to(dtype).to(device));
  if (prepare) prepare(inputs);
  return inputs;
}

}  // namespace

Tensor noise(const Shape& shape, uint64_t seed) {
  Tensor x = Tensor::empty(shape);
  float* const values = x.mutable_data<float>();
  kernels::parallel_for(x.numel(), kernels::kElementGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const uint64_t bits = mixed(0x9e3779b97f4a7c15u * (static_cast<uint64_t>(i) + 1) + (seed << 48));
      values[i] = static_cast<float>(bits >> 40) * 0x1p-24f - 0.5f;
    }
  });
  return x;
}

Problem op_problem(std::string kernel, std::string shape, const std::vector<Shape>& inputs, const Op& op,
                   const Prepare& prepare) {
  const auto reference = [=] {
    auto exact = make_inputs(inputs, prepare, DType::float64, kCpu);
    return op(exact);
  };
  const auto make = [=]() -> Run {
    return [op, on_device = make_inputs(inputs, prepare, DType::float32, kCuda)]() mutable {
      return op(on_device);
    };
  };
  return {"production",     "ops",     std::move(kernel),
          std::move(shape), reference, {{.name = "nst", .make = make}}};
}

}  // namespace nst::bench
