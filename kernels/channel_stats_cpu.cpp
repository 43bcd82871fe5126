#include "kernels/channel_stats.h"

#include <cmath>

#include "kernels/channel_moments_cpu.h"

namespace nst::kernels {

template <class T>
void channel_mean_forward(const CpuContext&, const ChannelShape& shape, const T* x, T* mean) {
  const auto [n, pixels, c] = shape;
  const auto sums = pixel_sums(
      shape, c, [=, pixels = pixels, c = c](int64_t image, int64_t first, int64_t last, double* sum) {
        for (int64_t p = image * pixels + first; p < image * pixels + last; ++p) {
          for (int64_t i = 0; i < c; ++i) sum[i] += static_cast<double>(x[p * c + i]);
        }
      });
  for (int64_t i = 0; i < n * c; ++i) mean[i] = static_cast<T>(sums[i] / static_cast<double>(pixels));
}

template <class T>
void channel_mean_backward(const CpuContext&, const ChannelShape& shape, const T* grad_mean, T* grad_x) {
  const int64_t c = shape.c;
  const T share = T(1) / static_cast<T>(shape.pixels);
  for_each_pixel(shape, [=](int64_t image, int64_t at) {
    for (int64_t i = 0; i < c; ++i) grad_x[at + i] = grad_mean[image * c + i] * share;
  });
}

template <class T>
void channel_std_forward(const CpuContext&, const ChannelShape& shape, Variance variance, T eps, const T* x,
                         T* mean, T* std) {
  const int64_t c = shape.c;
  const auto moments = channel_moments(shape, x);
  const auto divisor = static_cast<double>(variance_divisor(variance, shape.pixels));
  for (int64_t image = 0; image < shape.n; ++image) {
    const double* of_image = moments.data() + image * 2 * c;
    for (int64_t i = 0; i < c; ++i) {
      mean[image * c + i] = static_cast<T>(of_image[i]);
      std[image * c + i] = static_cast<T>(std::sqrt(of_image[c + i] / divisor + eps));
    }
  }
}

template <class T>
void channel_std_backward(const CpuContext&, const ChannelShape& shape, Variance variance, const T* x,
                          const T* mean, const T* std, const T* grad_std, T* grad_x) {
  const int64_t c = shape.c;
  const auto divisor = static_cast<T>(variance_divisor(variance, shape.pixels));
  std::vector<T> factors(static_cast<size_t>(shape.n * c));
  for (size_t i = 0; i < factors.size(); ++i)
    factors[i] = std[i] == 0 ? T(0) : grad_std[i] / (divisor * std[i]);
  for_each_pixel(shape, [=, factors = factors.data()](int64_t image, int64_t at) {
    for (int64_t i = 0; i < c; ++i)
      grad_x[at + i] = factors[image * c + i] * (x[at + i] - mean[image * c + i]);
  });
}

#define NST_INSTANTIATE(T)                                                                                  \
  template void channel_mean_forward(const CpuContext&, const ChannelShape&, const T*, T*);                 \
  template void channel_mean_backward(const CpuContext&, const ChannelShape&, const T*, T*);                \
  template void channel_std_forward(const CpuContext&, const ChannelShape&, Variance, T, const T*, T*, T*); \
  template void channel_std_backward(const CpuContext&, const ChannelShape&, Variance, const T*, const T*,  \
                                     const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
