// Rung: study/instance_norm/06_split_pixels.cuh, with its sums in double (cuda/features.cuh).
#include "kernels/instance_norm.h"

#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/features.cuh"
#include "kernels/cuda/nhwc.cuh"

namespace nst::kernels {

template <class T>
void instance_norm_forward(const CudaContext& context, const InstanceNormShape& shape, T eps, const T* x,
                           const T* gamma, const T* beta, T* y, T* mean, T* inverse_std) {
  const int64_t pixels = shape.x.pixels, c = shape.x.c, channels = shape.x.n * c;
  const bool per_image = shape.per_image, relu = shape.relu;
  auto* const partials = context.scratch<cuda::Sums<2>>(cuda::pixel_sums_scratch<2>(shape.x) + channels);
  T *const scales = reinterpret_cast<T*>(partials + cuda::pixel_sums_scratch<2>(shape.x)), *const offsets =
                                                                                               scales +
                                                                                               channels;
  const cuda::ChannelMoments<T> moments{x, pixels, c, variance_divisor(shape.variance, pixels)};
  cuda::pixel_sums(
      context, shape.x, partials, moments, [=] __device__(int image, int channel, const cuda::Sums<2>& sums) {
        const int64_t i = image * c + channel, parameter = per_image ? i : channel;
        const double exact_mean = moments.mean(image, channel, sums);
        const double inverse = 1 / sqrt(moments.variance(sums) + eps);
        const double scale = gamma ? gamma[parameter] * inverse : inverse;
        mean[i] = static_cast<T>(exact_mean);
        inverse_std[i] = static_cast<T>(inverse);
        scales[i] = static_cast<T>(scale);
        // What rounding took from the mean: with a large mean it is not small against the deviation.
        offsets[i] = static_cast<T>((beta ? beta[parameter] : 0) + (mean[i] - exact_mean) * scale);
      });
  cuda::map_pixels(context, shape.x, y, [=] __device__(int64_t i, int64_t of_channel) {
    const T value = (x[i] - mean[of_channel]) * scales[of_channel] + offsets[of_channel];
    return relu && value < T(0) ? T(0) : value;
  });
}

template <class T>
void instance_norm_backward(const CudaContext& context, const InstanceNormShape& shape, const T* x,
                            const T* gamma, const T* mean, const T* inverse_std, const T* y, const T* grad_y,
                            T* grad_x, T* grad_gamma, T* grad_beta) {
  const int64_t n = shape.x.n, pixels = shape.x.pixels, c = shape.x.c, channels = n * c;
  const bool per_image = shape.per_image;
  auto* const partials = context.scratch<cuda::Sums<2>>(cuda::pixel_sums_scratch<2>(shape.x) + 3 * channels);
  // (N, C): over the pixels, the sums of grad_y and of grad_y z
  auto* const sums_of = partials + cuda::pixel_sums_scratch<2>(shape.x);
  // grad_x = scale grad_y - slope (x - mean) - offset
  T *const scales = reinterpret_cast<T*>(sums_of + channels), *const slopes = scales + channels,
           *const offsets = slopes + channels;
  const auto divisor = static_cast<double>(variance_divisor(shape.variance, pixels));
  // What reaches the normalisation's result.
  const auto grad_at = [=, relu = shape.relu] __device__(int64_t i) {
    return relu && !(y[i] > T(0)) ? T(0) : grad_y[i];
  };
  cuda::pixel_sums(
      context, shape.x, partials,
      [=] __device__(int image, int channel, int64_t offset) {
        const int64_t i = image * c + channel;
        const T grad = grad_at(offset), z = (x[offset] - mean[i]) * inverse_std[i];
        return cuda::Sums<2>{{static_cast<double>(grad), static_cast<double>(grad * z)}};
      },
      [=] __device__(int image, int channel, const cuda::Sums<2>& sums) {
        const int64_t i = image * c + channel;
        const double inverse = inverse_std[i];
        const double scale = gamma ? gamma[per_image ? i : channel] * inverse : inverse;
        sums_of[i] = sums;
        scales[i] = static_cast<T>(scale);
        slopes[i] = static_cast<T>(scale * inverse * sums.of[1] / divisor);
        offsets[i] = static_cast<T>(scale * sums.of[0] / static_cast<double>(pixels));
      });
  if (grad_gamma || grad_beta) {
    const int64_t parameters = per_image ? channels : c;
    cuda::for_each(context, parameters, [=] __device__(int64_t i) {
      cuda::Sums<2> total{};
      for (int64_t j = i; j < channels; j += parameters) cuda::add_to(total, sums_of[j]);
      if (grad_beta) grad_beta[i] = static_cast<T>(total.of[0]);
      if (grad_gamma) grad_gamma[i] = static_cast<T>(total.of[1]);
    });
  }
  if (!grad_x) return;
  cuda::map_pixels(context, shape.x, grad_x, [=] __device__(int64_t i, int64_t of_channel) {
    return scales[of_channel] * grad_at(i) - slopes[of_channel] * (x[i] - mean[of_channel]) -
           offsets[of_channel];
  });
}

#define NST_INSTANTIATE(T)                                                                                 \
  template void instance_norm_forward(const CudaContext&, const InstanceNormShape&, T, const T*, const T*, \
                                      const T*, T*, T*, T*);                                               \
  template void instance_norm_backward(const CudaContext&, const InstanceNormShape&, const T*, const T*,   \
                                       const T*, const T*, const T*, const T*, T*, T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
