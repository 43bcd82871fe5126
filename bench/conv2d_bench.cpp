// Times every convolution of VGG-19 at 512 px, and the transform networks' other kinds, in each direction.
// GFLOP/s counts the operations of the definition, whatever the algorithm does: 2 N P Q K C R S.
//
//   conv2d_bench --benchmark_filter=forward/conv3 [--benchmark_format=json]
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "tensor/ops/conv2d.h"

namespace nst {
namespace {

struct Layer {
  std::string name;
  int64_t size, c, k, taps, stride;
  int64_t padding() const { return taps / 2; }
};

const std::vector<Layer> kLayers = {
    {"conv1_1", 512, 3, 64, 3, 1},    {"conv1_2", 512, 64, 64, 3, 1},    {"conv2_1", 256, 64, 128, 3, 1},
    {"conv2_2", 256, 128, 128, 3, 1}, {"conv3_1", 128, 128, 256, 3, 1},  {"conv3_2", 128, 256, 256, 3, 1},
    {"conv4_1", 64, 256, 512, 3, 1},  {"conv4_2", 64, 512, 512, 3, 1},   {"conv5_1", 32, 512, 512, 3, 1},
    {"first9x9", 512, 3, 32, 9, 1},   {"last9x9", 512, 32, 3, 9, 1},     {"down1", 512, 32, 64, 3, 2},
    {"down2", 256, 64, 128, 3, 2},    {"residual", 128, 128, 128, 3, 1}, {"pointwise", 128, 256, 256, 1, 1},
};

Tensor pattern(const Shape& shape) {
  std::vector<float> values(static_cast<size_t>(shape.numel()));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(i * 2654435761u % 1000) / 1000 - 0.5f;
  return Tensor::from(shape, values);
}

// Calls run(layer, x, weight, bias, grad_y) once per iteration.
template <class Run>
void time_layer(benchmark::State& state, const Layer& layer, Run&& run) {
  const Tensor x = pattern({1, layer.size, layer.size, layer.c});
  const ops::Conv2dWeight weight(pattern({layer.k, layer.c, layer.taps, layer.taps}));
  const Tensor bias = pattern({layer.k});
  const ops::Conv2dParams params{.stride = layer.stride, .padding = layer.padding()};
  const Tensor grad_y = ops::conv2d_forward(x, weight, bias, params);
  run(x, weight, bias, grad_y, params);  // packs the weight
  for (auto _ : state) benchmark::DoNotOptimize(run(x, weight, bias, grad_y, params));
  const double flops = 2.0 * grad_y.numel() * layer.c * layer.taps * layer.taps;
  state.counters["GFLOP/s"] = benchmark::Counter(flops * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

void register_layer(const Layer& layer) {
  using State = benchmark::State;
  const auto add = [&](const char* direction, auto run) {
    benchmark::RegisterBenchmark((direction + ("/" + layer.name)).c_str(),
                                 [layer, run](State& state) { time_layer(state, layer, run); })
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime();
  };
  add("forward", [](auto& x, auto& weight, auto& bias, auto&, auto params) {
    params.relu = true;
    return ops::conv2d_forward(x, weight, bias, params);
  });
  add("input", [](auto& x, auto& weight, auto&, auto& grad_y, auto& params) {
    return ops::conv2d_backward_input(grad_y, {}, weight, x.shape(), params);
  });
  add("weight", [](auto& x, auto& weight, auto&, auto& grad_y, auto& params) {
    return ops::conv2d_backward_weight(x, grad_y, weight.weight().shape(), params);
  });
}

}  // namespace
}  // namespace nst

int main(int argc, char** argv) {
  for (const auto& layer : nst::kLayers) nst::register_layer(layer);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
