// Times whole steps of Gatys' method, as JSON on standard output, for bench/compare/gatys.py:
//   gatys_step SIZE STEPS
// A square picture, VGG16 to relu5_1 (random weights take as long as trained ones), content relu4_2, five
// style layers, L-BFGS without a line search: one evaluation and one update a step.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <random>

#include "nst/basic.h"

namespace {

using namespace nst;

Tensor uniform(const Shape& shape, float low, float high, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<float> distribution(low, high);
  std::vector<float> values(static_cast<size_t>(shape.numel()));
  for (float& v : values) v = distribution(random);
  return Tensor::from<float>(shape, values);
}

// Uniform within the bound that keeps the activations' size from layer to layer.
nn::StateDict random_weights(const nn::VggConfig& config) {
  nn::StateDict weights;
  nn::Vgg vgg(config);
  uint64_t seed = 0;
  for (const auto& [name, parameter] : vgg.named_parameters()) {
    const Shape& shape = parameter->shape();
    const float bound = shape.rank() == 4 ? std::sqrt(6.0f / static_cast<float>(9 * shape[1])) : 0.1f;
    weights[name] = uniform(shape, -bound, bound, seed++);
  }
  return weights;
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t size = argc > 1 ? std::atoi(argv[1]) : 512;
  const int steps = argc > 2 ? std::atoi(argv[2]) : 5;
  const nn::VggConfig config{.depth = 16, .deepest = "relu5_1"};
  const LossNetwork network(config, random_weights(config), nn::kCaffePreprocessing);
  Basic basic(network, uniform({1, size, size, 3}, 0, 255, 100),
              {{uniform({1, size, size, 3}, 0, 255, 200), 1}},
              {.init = Init::noise,
               .lbfgs = {.tolerance_grad = 0, .tolerance_change = 0, .divergence_factor = INFINITY},
               .iterations = steps + 1});
  basic.step();  // the first step also evaluates the start and fills the memory pool
  std::vector<double> seconds;
  for (int i = 0; i < steps; ++i) {
    const auto start = std::chrono::steady_clock::now();
    basic.step();
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("{{\"seconds\": [{}], \"peak_rss_mb\": {}}}\n", fmt::join(seconds, ", "),
             usage.ru_maxrss / 1024);
}
