#include "kernels/instance_norm.h"

#include <cmath>

#include "kernels/channel_moments_cpu.h"

namespace nst::kernels {

template <class T>
void instance_norm_forward(const CpuContext&, const InstanceNormShape& shape, T eps, const T* x,
                           const T* gamma, const T* beta, T* y, T* mean, T* inverse_std) {
  const auto [n, pixels, c] = shape.x;
  const auto moments = channel_moments(shape.x, x);
  const auto divisor = static_cast<double>(variance_divisor(shape.variance, pixels));
  std::vector<T> scales(static_cast<size_t>(n * c)), offsets(static_cast<size_t>(n * c));
  for (int64_t image = 0; image < n; ++image) {
    for (int64_t ch = 0; ch < c; ++ch) {
      const int64_t i = image * c + ch, parameter = shape.per_image ? i : ch;
      const double exact_mean = moments[image * 2 * c + ch];
      const double inverse = 1 / std::sqrt(moments[image * 2 * c + c + ch] / divisor + eps);
      const double scale = gamma ? gamma[parameter] * inverse : inverse;
      mean[i] = static_cast<T>(exact_mean);
      inverse_std[i] = static_cast<T>(inverse);
      scales[i] = static_cast<T>(scale);
      // What rounding took from the mean: with a large mean it is not small against the deviation.
      offsets[i] = static_cast<T>((beta ? beta[parameter] : 0) + (mean[i] - exact_mean) * scale);
    }
  }
  for_each_pixel(shape.x, [=, c = c, relu = shape.relu, scales = scales.data(), offsets = offsets.data()](
                              int64_t image, int64_t at) {
    const T *m = mean + image * c, *scale = scales + image * c, *offset = offsets + image * c;
    for (int64_t i = 0; i < c; ++i) y[at + i] = (x[at + i] - m[i]) * scale[i] + offset[i];
    if (!relu) return;
    for (int64_t i = at; i < at + c; ++i) y[i] = y[i] < T(0) ? T(0) : y[i];
  });
}

namespace {

// What reaches the normalisation's result. With the ReLU a compile-time matter the loops over channels
// vectorise.
template <class T, bool kRelu>
struct GradAt {
  const T *y, *grad_y;
  T operator()(int64_t i) const {
    const T grad = grad_y[i];
    if constexpr (!kRelu) return grad;
    return y[i] > T(0) ? grad : T(0);
  }
};

template <class T, class Grad>
void backward(const InstanceNormShape& shape, const T* x, const T* gamma, const T* mean, const T* inverse_std,
              const Grad& grad_at, T* grad_x, T* grad_gamma, T* grad_beta) {
  const auto [n, pixels, c] = shape.x;
  // (N, 2, C): the sums over the pixels of grad_y, then of grad_y z
  const auto sums = pixel_sums(
      shape.x, 2 * c, [=, pixels = pixels, c = c](int64_t image, int64_t first, int64_t last, double* sum) {
        const T *m = mean + image * c, *inverse = inverse_std + image * c;
        for (int64_t p = image * pixels + first; p < image * pixels + last; ++p) {
          const T* const pixel = x + p * c;
          for (int64_t i = 0; i < c; ++i) sum[i] += static_cast<double>(grad_at(p * c + i));
          for (int64_t i = 0; i < c; ++i) {
            sum[c + i] += static_cast<double>(grad_at(p * c + i) * ((pixel[i] - m[i]) * inverse[i]));
          }
        }
      });
  const int64_t parameter_rows = shape.per_image ? n : 1;
  for (int64_t i = 0; i < parameter_rows * c; ++i) {
    double beta_sum = 0, gamma_sum = 0;
    for (int64_t image = i / c; image < n; image += parameter_rows) {
      beta_sum += sums[image * 2 * c + i % c];
      gamma_sum += sums[image * 2 * c + c + i % c];
    }
    if (grad_beta) grad_beta[i] = static_cast<T>(beta_sum);
    if (grad_gamma) grad_gamma[i] = static_cast<T>(gamma_sum);
  }
  if (!grad_x) return;
  // grad_x = scale grad_y - slope (x - mean) - offset
  const auto divisor = static_cast<double>(variance_divisor(shape.variance, pixels));
  std::vector<T> scales(static_cast<size_t>(n * c)), slopes(scales.size()), offsets(scales.size());
  for (int64_t i = 0; i < n * c; ++i) {
    const int64_t ch = i % c, of_image = i / c * 2 * c;
    const double inverse = inverse_std[i];
    const double scale = gamma ? gamma[shape.per_image ? i : ch] * inverse : inverse;
    scales[i] = static_cast<T>(scale);
    slopes[i] = static_cast<T>(scale * inverse * sums[of_image + c + ch] / divisor);
    offsets[i] = static_cast<T>(scale * sums[of_image + ch] / static_cast<double>(pixels));
  }
  for_each_pixel(shape.x, [=, c = c, scales = scales.data(), slopes = slopes.data(),
                           offsets = offsets.data()](int64_t image, int64_t at) {
    const int64_t row = image * c;
    for (int64_t i = 0; i < c; ++i) {
      grad_x[at + i] = scales[row + i] * grad_at(at + i) - slopes[row + i] * (x[at + i] - mean[row + i]) -
                       offsets[row + i];
    }
  });
}

}  // namespace

template <class T>
void instance_norm_backward(const CpuContext&, const InstanceNormShape& shape, const T* x, const T* gamma,
                            const T* mean, const T* inverse_std, const T* y, const T* grad_y, T* grad_x,
                            T* grad_gamma, T* grad_beta) {
  const auto run = [&](const auto& grad_at) {
    backward(shape, x, gamma, mean, inverse_std, grad_at, grad_x, grad_gamma, grad_beta);
  };
  shape.relu ? run(GradAt<T, true>{y, grad_y}) : run(GradAt<T, false>{y, grad_y});
}

#define NST_INSTANTIATE(T)                                                                                \
  template void instance_norm_forward(const CpuContext&, const InstanceNormShape&, T, const T*, const T*, \
                                      const T*, T*, T*, T*);                                              \
  template void instance_norm_backward(const CpuContext&, const InstanceNormShape&, const T*, const T*,   \
                                       const T*, const T*, const T*, const T*, T*, T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
