// Every other op, forward and backward, on the tensors that VGG and Johnson's transform network give it.
#include <fmt/format.h>

#include <array>

#include "bench/kernels/problem.h"
#include "tensor/ops/adam.h"
#include "tensor/ops/blur.h"
#include "tensor/ops/channel_stats.h"
#include "tensor/ops/conv2d.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/gram.h"
#include "tensor/ops/instance_norm.h"
#include "tensor/ops/lbfgs.h"
#include "tensor/ops/mask.h"
#include "tensor/ops/narrow.h"
#include "tensor/ops/pad.h"
#include "tensor/ops/pool.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/relu.h"
#include "tensor/ops/resize.h"
#include "tensor/ops/slice.h"
#include "tensor/ops/squared_error.h"
#include "tensor/ops/tanh.h"
#include "tensor/ops/total_variation.h"

namespace nst::bench {
namespace {

using Tensors = std::vector<Tensor>;

struct Map {
  const char* name;
  int64_t size, channels;

  Shape shape() const { return {1, size, size, channels}; }
  Shape of_size(int64_t other) const { return {1, other, other, channels}; }
  std::string describe() const { return fmt::format("{} {}x{}x{}", name, size, size, channels); }
};

// What each op gets: its largest tensor and a small deep one, which want different things of a kernel.
struct Maps {
  Map picture{"picture", 512, 3}, shallow{"relu1_1", 512, 64}, deep{"relu4_1", 64, 512};
  std::vector<Map> style{shallow, {"relu2_1", 256, 128}, {"relu3_1", 128, 256}, deep, {"relu5_1", 32, 512}};
  std::vector<Map> normalised{{"first", 512, 32}, {"down1", 256, 64}, {"residual", 128, 128}, deep};
};
Maps quick_maps() {
  const Map picture{"picture", 9, 3}, shallow{"shallow", 8, 16}, deep{"deep", 4, 33};
  return {picture, shallow, deep, {shallow, deep}, {shallow, deep}};
}

class Problems {
 public:
  void add(const std::string& kernel, const Map& map, const std::vector<Shape>& inputs, const Op& op,
           const Prepare& prepare = {}) {
    problems_.push_back(op_problem(kernel, map.describe(), inputs, op, prepare));
  }
  Problem& last() { return problems_.back(); }
  std::vector<Problem> take() { return std::move(problems_); }

 private:
  std::vector<Problem> problems_;
};

void add_gram(Problems& problems, const Maps& maps) {
  for (const Map& map : maps.style) {
    problems.add("gram", map, {map.shape()}, [](auto& in) { return Tensors{ops::gram_forward(in[0], {})}; });
    for (Way& way : cublas_gram_ways(map.size * map.size, map.channels))
      problems.last().ways.push_back(std::move(way));
  }
  for (const Map& map : maps.style) {
    const Shape gram{1, map.channels, map.channels};
    problems.add("gram_backward", map, {map.shape(), gram},
                 [](auto& in) { return Tensors{ops::gram_backward(in[0], in[1], {})}; });
  }
}

// Between neighbouring layers, the deeper one upsampled (Novak & Nikulin 2016, section 3.4).
void add_cross_gram(Problems& problems, const Maps& maps) {
  for (size_t i = 0; i + 1 < maps.style.size(); ++i) {
    const Map& map = maps.style[i];
    const int64_t deeper = maps.style[i + 1].channels;
    const Shape a = map.shape(), b{1, map.size, map.size, deeper}, gram{1, map.channels, deeper};
    const std::string with = fmt::format(" with {}", deeper);
    problems.add("cross_gram" + with, map, {a, b},
                 [](auto& in) { return Tensors{ops::cross_gram_forward(in[0], in[1], {})}; });
    problems.add("cross_gram_backward of a" + with, map, {b, gram},
                 [](auto& in) { return Tensors{ops::cross_gram_backward_a(in[0], in[1], {})}; });
    problems.add("cross_gram_backward of b" + with, map, {a, gram},
                 [](auto& in) { return Tensors{ops::cross_gram_backward_b(in[0], in[1], {})}; });
  }
}

void add_pool(Problems& problems, const Maps& maps) {
  for (const Map& map : {maps.shallow, maps.deep}) {
    const Shape half = map.of_size(map.size / 2);
    problems.add("max_pool", map, {map.shape()},
                 [](auto& in) { return Tensors{ops::max_pool_forward(in[0], {})}; });
    problems.add("max_pool_with_taps", map, {map.shape()},
                 [](auto& in) { return Tensors{ops::max_pool_with_taps(in[0], {}).y}; });
    problems.add(
        "max_pool_backward", map, {map.shape(), half},
        [shape = map.shape()](auto& in) { return Tensors{ops::max_pool_backward(in[2], in[1], shape, {})}; },
        [](auto& in) { in.push_back(ops::max_pool_with_taps(in[0], {}).taps); });
    problems.add("average_pool", map, {map.shape()},
                 [](auto& in) { return Tensors{ops::average_pool_forward(in[0], {})}; });
    problems.add("average_pool_backward", map, {half}, [shape = map.shape()](auto& in) {
      return Tensors{ops::average_pool_backward(in[0], shape, {})};
    });
  }
}

void add_statistics(Problems& problems, const Maps& maps) {
  for (const Map& map : maps.normalised) {
    const Shape channels{map.channels};
    problems.add("instance_norm", map, {map.shape(), channels, channels}, [](auto& in) {
      const auto norm = ops::instance_norm_forward(in[0], in[1], in[2], {});
      return Tensors{norm.y, norm.mean, norm.inverse_std};
    });
    problems.add(
        "instance_norm_backward", map, {map.shape(), channels, channels, map.shape()},
        [](auto& in) {
          const auto grads =
              ops::instance_norm_backward(in[0], in[1], in[1].shape(), {{}, in[4], in[5]}, in[3], {});
          return Tensors{grads.x, grads.gamma, grads.beta};
        },
        [](auto& in) {
          const auto norm = ops::instance_norm_forward(in[0], in[1], in[2], {});
          in.insert(in.end(), {norm.mean, norm.inverse_std});
        });
  }
  for (const Map& map : {maps.shallow, maps.deep}) {
    const Shape stats{1, map.channels};
    problems.add("channel_mean", map, {map.shape()},
                 [](auto& in) { return Tensors{ops::channel_mean_forward(in[0])}; });
    problems.add("channel_mean_backward", map, {stats}, [shape = map.shape()](auto& in) {
      return Tensors{ops::channel_mean_backward(in[0], shape)};
    });
    problems.add("channel_std", map, {map.shape()}, [](auto& in) {
      const auto stats = ops::channel_std_forward(in[0], {});
      return Tensors{stats.mean, stats.std};
    });
    problems.add(
        "channel_std_backward", map, {map.shape(), stats},
        [](auto& in) {
          return Tensors{ops::channel_std_backward(in[0], {in[2], in[3]}, in[1], ops::Variance::biased)};
        },
        [](auto& in) {
          const auto forward = ops::channel_std_forward(in[0], {});
          in.insert(in.end(), {forward.mean, forward.std});
        });
  }
}

void add_images(Problems& problems, const Maps& maps) {
  for (const Map& map : {maps.picture, maps.normalised[0]}) {
    const auto pad = ops::PadParams::all(2, ops::PaddingMode::reflect);
    const int64_t padded = map.size + 4, twice = 2 * map.size;
    const ops::ResizeParams nearest{.mode = ops::ResizeMode::nearest};
    problems.add("pad", map, {map.shape()}, [=](auto& in) { return Tensors{ops::pad_forward(in[0], pad)}; });
    problems.add("pad_backward", map, {map.of_size(padded)}, [=, shape = map.shape()](auto& in) {
      return Tensors{ops::pad_backward(in[0], shape, pad)};
    });
    problems.add("resize nearest x2", map, {map.shape()},
                 [=](auto& in) { return Tensors{ops::resize_forward(in[0], twice, twice, nearest)}; });
    problems.add("resize_backward nearest x2", map, {map.of_size(twice)}, [=, shape = map.shape()](auto& in) {
      return Tensors{ops::resize_backward(in[0], shape, nearest)};
    });
  }
  for (const Map& map : {maps.shallow, maps.deep}) {
    problems.add("blur", map, {map.shape()}, [](auto& in) { return Tensors{ops::blur_forward(in[0])}; });
  }
  const Map& picture = maps.picture;
  const Shape shape = picture.shape();
  problems.add("resize bilinear x2", picture, {shape}, [twice = 2 * picture.size](auto& in) {
    return Tensors{ops::resize_forward(in[0], twice, twice)};
  });
  problems.add("resize_backward bilinear x2", picture, {picture.of_size(2 * picture.size)},
               [=](auto& in) { return Tensors{ops::resize_backward(in[0], shape)}; });
  for (const auto variant : {ops::TvVariant::squared, ops::TvVariant::anisotropic}) {
    const std::string name(ops::tv_variant_names()[static_cast<size_t>(variant)]);
    problems.add("total_variation " + name, picture, {shape},
                 [=](auto& in) { return Tensors{ops::total_variation_forward(in[0], variant)}; });
    problems.add("total_variation_backward " + name, picture, {shape, {1}},
                 [=](auto& in) { return Tensors{ops::total_variation_backward(in[0], in[1], variant)}; });
  }
}

void add_elementwise(Problems& problems, const Maps& maps) {
  for (const Map& map : {maps.shallow, maps.picture}) {
    const Shape shape = map.shape();
    const std::vector<Shape> two{shape, shape};
    problems.add("relu", map, {shape}, [](auto& in) { return Tensors{ops::relu_forward(in[0])}; });
    problems.add("relu_backward", map, two,
                 [](auto& in) { return Tensors{ops::relu_backward(in[0], in[1])}; });
    problems.add("tanh", map, {shape}, [](auto& in) { return Tensors{ops::tanh_forward(in[0])}; });
    problems.add("tanh_backward", map, two,
                 [](auto& in) { return Tensors{ops::tanh_backward(in[0], in[1])}; });
    problems.add("tanh", map, {shape}, [](auto& in) { return Tensors{ops::tanh_forward(in[0])}; });
    problems.add("tanh_backward", map, two,
                 [](auto& in) { return Tensors{ops::tanh_backward(in[0], in[1])}; });
    problems.add("add", map, two, [](auto& in) { return Tensors{ops::add(in[0], in[1])}; });
    problems.add("sub", map, two, [](auto& in) { return Tensors{ops::sub(in[0], in[1])}; });
    problems.add("mul", map, two, [](auto& in) { return Tensors{ops::mul(in[0], in[1])}; });
    problems.add("affine", map, {shape}, [](auto& in) { return Tensors{ops::affine(in[0], 2, -1)}; });
    problems.add("axpy", map, two, [](auto& in) {
      ops::axpy(1e-3, in[0], in[1]);
      return Tensors{in[1]};
    });
    // Two pairs of changes of a picture; each more is as much again.
    problems.add("lbfgs_direction", map, {shape, shape, shape, shape, shape}, [](auto& in) {
      const std::array<ops::LbfgsPair, 2> pairs{ops::LbfgsPair{in[1], in[2], 1e-6}, {in[3], in[4], 1e-6}};
      return Tensors{ops::lbfgs_direction(pairs, 0.5, in[0])};
    });
    problems.add("clamp", map, {shape},
                 [](auto& in) { return Tensors{ops::clamp_forward(in[0], -0.1, 0.2)}; });
    problems.add("clamp_backward", map, two,
                 [](auto& in) { return Tensors{ops::clamp_backward(in[0], in[1], -0.1, 0.2)}; });
    problems.add("mask", map, {shape, {map.size, map.size}},
                 [](auto& in) { return Tensors{ops::mask_forward(in[0], in[1])}; });
    problems.add("slice", map, {shape}, [half = map.size / 2](auto& in) {
      return Tensors{ops::slice_forward(in[0], {.axis = 1, .begin = 1, .count = half})};
    });
    problems.add("slice_backward", map, {{1, map.size / 2, map.size, map.channels}},
                 [shape, half = map.size / 2](auto& in) {
                   return Tensors{ops::slice_backward(in[0], shape, {.axis = 1, .begin = 1, .count = half})};
                 });
    problems.add("concat", map, two, [](auto& in) { return Tensors{ops::concat(in, 3)}; });
    problems.add(
        "adam_step", map, {shape, shape, shape, shape},
        [](auto& in) {
          constexpr ops::AdamStep kStep{
              .learning_rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .step = 7};
          ops::adam_step(kStep, in[0], in[1], in[2], in[3]);
          return Tensors{in[1], in[2], in[3]};
        },
        [](auto& in) { in[3] = ops::mul(in[3], in[3]); });  // the second moment is a mean of squares
  }
}

// To bf16 and back; the reference is what went in.
void add_narrow(Problems& problems, const Maps& maps) {
  constexpr double kRounding = 1.0 / 256;
  constexpr auto kType = ops::Narrow::bfloat16;
  const auto narrowed = [](const Tensor& x) {
    return x.dtype() == DType::float32 ? ops::narrow(x, kType) : x;
  };
  const auto widened = [](const Tensor& x, const Shape& shape) {
    return x.dtype() == DType::uint8 ? ops::widen(x, kType, shape) : x;
  };
  for (const Map& map : {maps.shallow, maps.deep}) {
    const Shape shape = map.shape();
    problems.add("narrow", map, {shape}, [=](auto& in) { return Tensors{narrowed(in[0])}; });
    problems.last().ways[0].tolerance = kRounding;
    problems.last().ways[0].complete = [=](auto& out) { out[0] = widened(out[0], shape); };
    problems.add(
        "widen", map, {shape}, [=](auto& in) { return Tensors{widened(in[0], shape)}; },
        [=](auto& in) { in[0] = narrowed(in[0]); });
    problems.last().ways[0].tolerance = kRounding;
  }
}

void add_reductions(Problems& problems, const Maps& maps) {
  for (const Map& map : {maps.shallow, maps.picture}) {
    const Shape shape = map.shape(), one{1};
    const std::vector<Shape> two{shape, shape};
    problems.add("sum", map, {shape}, [](auto& in) { return Tensors{ops::sum_forward(in[0])}; });
    problems.add("sum_backward", map, {one},
                 [=](auto& in) { return Tensors{ops::sum_backward(in[0], shape)}; });
    problems.add("dot", map, two, [](auto& in) { return Tensors{ops::dot(in[0], in[1])}; });
    problems.add("norm1", map, {shape}, [](auto& in) { return Tensors{ops::norm1(in[0])}; });
    problems.add("max_abs", map, {shape}, [](auto& in) { return Tensors{ops::max_abs(in[0])}; });
    problems.add("squared_error", map, two,
                 [](auto& in) { return Tensors{ops::squared_error_forward(in[0], in[1])}; });
    problems.add("squared_error_backward", map, {shape, shape, one},
                 [](auto& in) { return Tensors{ops::squared_error_backward(in[0], in[1], in[2])}; });
    problems.add("conv2d_backward_bias", map, {shape},
                 [](auto& in) { return Tensors{ops::conv2d_backward_bias(in[0])}; });
  }
}

}  // namespace

std::vector<Problem> op_problems(bool quick) {
  const Maps maps = quick ? quick_maps() : Maps{};
  Problems problems;
  add_gram(problems, maps);
  add_cross_gram(problems, maps);
  add_pool(problems, maps);
  add_statistics(problems, maps);
  add_images(problems, maps);
  add_elementwise(problems, maps);
  add_narrow(problems, maps);
  add_reductions(problems, maps);
  return problems.take();
}

}  // namespace nst::bench
