// Sums over the pixels of each image, channel by channel, for the kernels that need statistics of features
// (N, pixels, C). An image's pixels are cut into a fixed number of groups, whose results are combined in
// order, so that nothing depends on the number of threads.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/channel_stats.h"
#include "kernels/parallel.h"

namespace nst::kernels {

// Groups of pixels per image; enough for as many threads, few enough that combining them is cheap.
inline int64_t pixel_groups(const ChannelShape& shape) {
  return std::clamp<int64_t>(shape.pixels * shape.c / kElementGrain, 1, 32);
}

// Calls body(image, first_pixel, last_pixel, result) on every group, in parallel; `result` holds `width`
// zeros. Returns the results, (N, groups, width).
template <class Body>
std::vector<double> for_each_pixel_group(const ChannelShape& shape, int64_t width, Body&& body) {
  const int64_t groups = pixel_groups(shape);
  std::vector<double> results(static_cast<size_t>(shape.n * groups * width));
  parallel_for(shape.n * groups, 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t group = i % groups;
      body(i / groups, shape.pixels * group / groups, shape.pixels * (group + 1) / groups,
           results.data() + i * width);
    }
  });
  return results;
}

// Sums (N, width) over each image's pixels; add(image, first_pixel, last_pixel, sums) adds a group's pixels.
template <class Add>
std::vector<double> pixel_sums(const ChannelShape& shape, int64_t width, Add&& add) {
  const auto partials = for_each_pixel_group(shape, width, add);
  const int64_t groups = pixel_groups(shape);
  std::vector<double> sums(static_cast<size_t>(shape.n * width));
  for (int64_t image = 0; image < shape.n; ++image) {
    for (int64_t group = 0; group < groups; ++group) {
      const double* partial = partials.data() + (image * groups + group) * width;
      for (int64_t i = 0; i < width; ++i) sums[image * width + i] += partial[i];
    }
  }
  return sums;
}

// Moments of C channels over some pixels: C means, then C sums of squared differences to them.
// Combines those of two disjoint sets into `a`: Chan, Golub & LeVeque 1983, eq. 2.1.
inline void combine_moments(int64_t c, double* a, int64_t a_pixels, const double* b, int64_t b_pixels) {
  const double share = static_cast<double>(b_pixels) / static_cast<double>(a_pixels + b_pixels);
  for (int64_t i = 0; i < c; ++i) {
    const double difference = b[i] - a[i];
    a[i] += difference * share;
    a[c + i] += b[c + i] + difference * difference * static_cast<double>(a_pixels) * share;
  }
}

// Writes the moments of `pixels` pixels, in two passes: the mean, then the differences to it.
template <class T>
void two_pass_moments(int64_t pixels, int64_t c, const T* x, double* moments) {
  double *mean = moments, *squares = moments + c;
  std::fill(moments, moments + 2 * c, 0.0);
  for (int64_t p = 0; p < pixels; ++p) {
    for (int64_t i = 0; i < c; ++i) mean[i] += static_cast<double>(x[p * c + i]);
  }
  for (int64_t i = 0; i < c; ++i) mean[i] /= static_cast<double>(pixels);
  for (int64_t p = 0; p < pixels; ++p) {
    for (int64_t i = 0; i < c; ++i) {
      const double difference = static_cast<double>(x[p * c + i]) - mean[i];
      squares[i] += difference * difference;
    }
  }
}

// The moments of every image, (N, 2, C): means and sums of squared differences to them. Blocks that stay in
// the cache between the two passes are combined, so that x is read from memory once.
template <class T>
std::vector<double> channel_moments(const ChannelShape& shape, const T* x) {
  const auto [n, pixels, c] = shape;
  const int64_t groups = pixel_groups(shape), block_pixels = row_grain(c);
  const auto partials =
      for_each_pixel_group(shape, 2 * c, [&](int64_t image, int64_t first, int64_t last, double* moments) {
        std::vector<double> block(static_cast<size_t>(2 * c));
        for (int64_t p = first; p < last; p += block_pixels) {
          const int64_t count = std::min(block_pixels, last - p);
          two_pass_moments(count, c, x + (image * pixels + p) * c, block.data());
          combine_moments(c, moments, p - first, block.data(), count);
        }
      });
  std::vector<double> moments(static_cast<size_t>(n * 2 * c));
  for (int64_t image = 0; image < n; ++image) {
    for (int64_t group = 0; group < groups; ++group) {
      const int64_t before = pixels * group / groups, after = pixels * (group + 1) / groups;
      combine_moments(c, moments.data() + image * 2 * c, before,
                      partials.data() + (image * groups + group) * 2 * c, after - before);
    }
  }
  return moments;
}

// f(image, offset) for the C values of every pixel, in parallel; offset is that of the pixel's first value.
template <class F>
void for_each_pixel(const ChannelShape& shape, F&& f) {
  parallel_for(shape.n * shape.pixels, row_grain(shape.c), [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) f(p / shape.pixels, p * shape.c);
  });
}

}  // namespace nst::kernels
