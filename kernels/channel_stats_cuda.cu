#include "kernels/channel_stats.h"

#include "kernels/cuda/features.cuh"
#include "kernels/cuda/nhwc.cuh"

namespace nst::kernels {

template <class T>
void channel_mean_forward(const CudaContext& context, const ChannelShape& shape, const T* x, T* mean) {
  const auto c = shape.c, pixels = shape.pixels;
  cuda::pixel_sums(
      context, shape, context.scratch<cuda::Sums<1>>(cuda::pixel_sums_scratch<1>(shape)),
      [=] __device__(int, int, int64_t offset) { return cuda::Sums<1>{{static_cast<double>(x[offset])}}; },
      [=] __device__(int image, int channel, const cuda::Sums<1>& sums) {
        mean[image * c + channel] = static_cast<T>(sums.of[0] / static_cast<double>(pixels));
      });
}

template <class T>
void channel_mean_backward(const CudaContext& context, const ChannelShape& shape, const T* grad_mean,
                           T* grad_x) {
  const T share = T(1) / static_cast<T>(shape.pixels);
  cuda::map_pixels(context, shape, grad_x,
                   [=] __device__(int64_t, int64_t of_channel) { return grad_mean[of_channel] * share; });
}

template <class T>
void channel_std_forward(const CudaContext& context, const ChannelShape& shape, Variance variance, T eps,
                         const T* x, T* mean, T* std) {
  const auto [n, pixels, c] = shape;
  const cuda::ChannelMoments<T> moments{x, pixels, c, variance_divisor(variance, pixels)};
  cuda::pixel_sums(context, shape, context.scratch<cuda::Sums<2>>(cuda::pixel_sums_scratch<2>(shape)),
                   moments, [=] __device__(int image, int channel, const cuda::Sums<2>& sums) {
                     const int64_t i = image * moments.c + channel;
                     mean[i] = static_cast<T>(moments.mean(image, channel, sums));
                     std[i] = static_cast<T>(sqrt(moments.variance(sums) + eps));
                   });
}

template <class T>
void channel_std_backward(const CudaContext& context, const ChannelShape& shape, Variance variance,
                          const T* x, const T* mean, const T* std, const T* grad_std, T* grad_x) {
  const auto divisor = static_cast<T>(variance_divisor(variance, shape.pixels));
  cuda::map_pixels(context, shape, grad_x, [=] __device__(int64_t i, int64_t of_channel) {
    const T deviation = std[of_channel];
    const T factor = deviation == 0 ? T(0) : grad_std[of_channel] / (divisor * deviation);
    return factor * (x[i] - mean[of_channel]);
  });
}

#define NST_INSTANTIATE(T)                                                                                   \
  template void channel_mean_forward(const CudaContext&, const ChannelShape&, const T*, T*);                 \
  template void channel_mean_backward(const CudaContext&, const ChannelShape&, const T*, T*);                \
  template void channel_std_forward(const CudaContext&, const ChannelShape&, Variance, T, const T*, T*, T*); \
  template void channel_std_backward(const CudaContext&, const ChannelShape&, Variance, const T*, const T*,  \
                                     const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
