#include "nst/film_smoothing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "kernels/parallel.h"

namespace nst {
namespace {

// sums[i] = the sum of values[j * step] over j in [i - radius, i + radius], within [0, count); times 1 / (the
// number of them).
void running_mean(const float* values, int64_t count, int64_t step, int radius, float* means) {
  double sum = 0;  // differences of long sums: float would drift
  for (int64_t j = 0; j < std::min<int64_t>(radius, count); ++j) sum += values[j * step];
  for (int64_t i = 0; i < count; ++i) {
    if (i + radius < count) sum += values[(i + radius) * step];
    if (i - radius - 1 >= 0) sum -= values[(i - radius - 1) * step];
    const int64_t first = std::max<int64_t>(i - radius, 0), last = std::min(i + radius, count - 1);
    means[i * step] = static_cast<float>(std::max(sum, 0.0) / static_cast<double>(last - first + 1));
  }
}

// (H, W): the mean over the window of mean_c (x - r)^2.
std::vector<float> change(const Tensor& x, const Tensor& r, int radius) {
  const int64_t h = x.size(1), w = x.size(2);
  const float *a = x.data<float>(), *b = r.data<float>();
  std::vector<float> squares(static_cast<size_t>(h * w)), rows(squares.size());
  kernels::parallel_for(h, 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin * w; p < end * w; ++p) {
      float sum = 0;
      for (int64_t i = 3 * p; i < 3 * p + 3; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
      squares[p] = sum / 3;
    }
    for (int64_t y = begin; y < end; ++y) running_mean(&squares[y * w], w, 1, radius, &rows[y * w]);
  });
  kernels::parallel_for(w, 16, [&](int64_t begin, int64_t end) {
    for (int64_t column = begin; column < end; ++column) {
      running_mean(&rows[column], h, w, radius, &squares[column]);
    }
  });
  return squares;
}

}  // namespace

FilmSmoothing::FilmSmoothing(const SmoothingOptions& options) : options_(options) {
  if (!(options.strength >= 0 && options.strength <= 1) || !(options.tolerance > 0) || options.radius < 0) {
    throw std::invalid_argument(fmt::format("film_smoothing: strength {}, tolerance {}, radius {}",
                                            options.strength, options.tolerance, options.radius));
  }
}

Tensor FilmSmoothing::operator()(const Tensor& input, const Tensor& painted) {
  check_same("film_smoothing", input, painted);
  check_rank("film_smoothing", "input", input, 4);
  if (options_.strength == 0) return painted;
  if (!result_.defined() || result_.shape() != painted.shape()) {
    reference_ = input;
    return result_ = painted;
  }
  const auto change_here = change(input, reference_, options_.radius);
  const auto scale = static_cast<float>(-1 / (options_.tolerance * options_.tolerance));
  const auto strength = static_cast<float>(options_.strength);
  Tensor reference = Tensor::empty_like(input), result = Tensor::empty_like(painted);
  const float *x = input.data<float>(), *y = painted.data<float>();
  const float *r = reference_.data<float>(), *o = result_.data<float>();
  float *next_r = reference.mutable_data<float>(), *next_o = result.mutable_data<float>();
  kernels::parallel_for(input.numel() / 3, 4096, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      const float weight = strength * std::exp(scale * change_here[p]);
      for (int64_t i = 3 * p; i < 3 * p + 3; ++i) {
        next_r[i] = x[i] + weight * (r[i] - x[i]);
        next_o[i] = y[i] + weight * (o[i] - y[i]);
      }
    }
  });
  reference_ = reference;
  return result_ = result;
}

}  // namespace nst
