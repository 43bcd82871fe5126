// What smoothing does to a painted film's flicker, and what it costs where things move:
//   film_smoothing PHOTOGRAPH OTHER STYLE [SIZE [FRAMES [FILM]]]
// The film is the photograph, SIZE pixels wide, standing still, with a window of half its sides in the middle
// in which the other picture passes by, a pixel a frame, and a sensor's noise over everything, of deviation
// 0.01 or 0.02. Every picture is painted in the bundled STYLE. Printed, in levels of 255:
//   flicker  mean |o_t - o_{t-1}| where the film stands still, 16 pixels away from the window
//   moving   mean |o_t - z_t| within the window, z_t painted from the film without noise: what is wrong
//   there,
//            by noise or by ghosts
// With FILM nothing is measured, but the film, with the stronger noise, is written there.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <random>

#include "nst/fast.h"
#include "nst/film_smoothing.h"
#include "nst/film_writer.h"
#include "nst/image.h"
#include "nst/style_library.h"
#include "tensor/ops/elementwise.h"

namespace {

using namespace nst;

constexpr int64_t kAway = 16;

struct Window {
  int64_t top, left, height, width;
  bool contains(int64_t y, int64_t x, int64_t margin) const {
    return y >= top - margin && y < top + height + margin && x >= left - margin && x < left + width + margin;
  }
};

Window window_of(const Tensor& picture) {
  const int64_t h = picture.size(1), w = picture.size(2);
  return {h / 4, w / 4, h / 2, w / 2};
}

Tensor film_frame(const Tensor& still, const Tensor& passing, int64_t t, float noise) {
  std::mt19937 random(static_cast<unsigned>(t));
  std::normal_distribution<float> sensor(0, 1);
  const Window window = window_of(still);
  const int64_t h = still.size(1), w = still.size(2), passing_w = passing.size(2);
  auto values = still.to_vector<float>();
  const float* other = passing.data<float>();
  for (int64_t y = 0; y < h; ++y) {
    for (int64_t x = 0; x < w; ++x) {
      for (int64_t c = 0; c < 3; ++c) {
        float& v = values[(y * w + x) * 3 + c];
        if (window.contains(y, x, 0)) v = other[(y * passing_w + (x + t) % passing_w) * 3 + c];
        // As a film has it: noise, then whole levels.
        v = std::round(std::fmin(std::fmax(v + noise * sensor(random), 0.0f), 1.0f) * 255) / 255;
      }
    }
  }
  return Tensor::from<float>(still.shape(), values);
}

double mean_difference(const Tensor& a, const Tensor& b, bool within) {
  const Window window = window_of(a);
  const int64_t h = a.size(1), w = a.size(2);
  const float *p = a.data<float>(), *q = b.data<float>();
  double sum = 0;
  int64_t count = 0;
  for (int64_t y = 0; y < h; ++y) {
    for (int64_t x = 0; x < w; ++x) {
      if (within ? !window.contains(y, x, -kAway) : window.contains(y, x, kAway)) continue;
      for (int64_t i = (y * w + x) * 3; i < (y * w + x) * 3 + 3; ++i) sum += std::fabs(p[i] - q[i]);
      count += 3;
    }
  }
  return 255 * sum / static_cast<double>(count);
}

struct Film {
  std::vector<Tensor> inputs, painted, ideal;  // x, y, z
  float noise;
};

void measure(const Film& film, const SmoothingOptions& options) {
  const auto& [inputs, painted, ideal, noise] = film;
  FilmSmoothing smoothing(options);
  Tensor before;
  double still = 0, moving = 0;
  const size_t begin = painted.size() / 3;  // once it has settled
  for (size_t t = 0; t < painted.size(); ++t) {
    const Tensor result = smoothing(inputs[t], painted[t]);
    if (t >= begin) {
      still += mean_difference(result, before, false);
      moving += mean_difference(result, ideal[t], true);
    }
    before = result;
  }
  const auto count = static_cast<double>(painted.size() - begin);
  fmt::print("{:5} {:8} {:9} {:6} {:7.2f} {:7.2f}\n", noise, options.strength, options.tolerance,
             options.radius, still / count, moving / count);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "film_smoothing PHOTOGRAPH OTHER STYLE [SIZE [FRAMES [FILM]]]\n");
    return 2;
  }
  const int64_t size = argc > 4 ? std::atoi(argv[4]) : 256, frames = argc > 5 ? std::atoi(argv[5]) : 24;
  const Tensor still = resize_image(load_image(argv[1]), size, Side::longest);
  const Tensor passing = resize_image(load_image(argv[2]), still.size(1), 2 * still.size(2));
  if (argc > 6) {
    const PictureSize picture{still.size(1), still.size(2)};
    FilmWriter writer(argv[6], {.size = picture, .tick = {1, 25}, .frame_rate = {25, 1}}, picture);
    for (int64_t t = 0; t < frames; ++t) writer.write(film_frame(still, passing, t, 0.02f), t);
    writer.commit();
    return 0;
  }
  const BundledStyle style = bundled_style(argv[3]);
  const FastStyle network(nn::read_transform(style.file));
  const FastOptions options{.mix = {{style.number, 1}}};
  fmt::print("noise strength tolerance radius flicker  moving\n");
  const auto paint = [&](const Tensor& x) {
    return ops::affine(network(ops::affine(x, 255), options), 1.0 / 255);
  };
  std::vector<Tensor> ideal;
  for (int64_t t = 0; t < frames; ++t) ideal.push_back(paint(film_frame(still, passing, t, 0)));
  for (const float noise : {0.01f, 0.02f}) {
    Film film{.inputs = {}, .painted = {}, .ideal = ideal, .noise = noise};
    for (int64_t t = 0; t < frames; ++t) {
      film.inputs.push_back(film_frame(still, passing, t, noise));
      film.painted.push_back(paint(film.inputs.back()));
    }
    for (const double strength : {0.0, 0.5, 0.7, 0.8, 0.9}) measure(film, {.strength = strength});
    for (const double tolerance : {0.02, 0.04, 0.06}) measure(film, {.tolerance = tolerance});
    for (const int radius : {0, 2, 8}) measure(film, {.radius = radius});
  }
}
