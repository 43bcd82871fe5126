#include "kernels/conv2d_gemm_cpu.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/conv2d_gather.h"
#include "kernels/gemm_cpu.h"
#include "kernels/parallel.h"

namespace nst::kernels::conv2d_gemm {
namespace {

// Gathered elements per strip: 512 KiB of float, half of a typical second-level cache.
constexpr int64_t kStripElements = int64_t{1} << 17;

// Copies the channels of every tap of one destination pixel: (taps_h, taps_w, channels), zeros outside and,
// where there is a gate, wherever that is not positive.
template <class T>
void gather_pixel(const T* image, const T* gate, const Axis& vertical, const Axis& horizontal, int64_t i,
                  int64_t j, int64_t channels, T* row) {
  for (int64_t r = 0; r < vertical.taps; ++r) {
    const int64_t h = vertical.source(i, r);
    const bool row_exists = h >= 0 && h < vertical.extent;
    for (int64_t s = 0; s < horizontal.taps; ++s, row += channels) {
      const int64_t w = horizontal.source(j, s);
      if (row_exists && w >= 0 && w < horizontal.extent) {
        const int64_t at = (h * horizontal.extent + w) * channels;
        std::copy_n(image + at, channels, row);
        for (int64_t c = 0; gate && c < channels; ++c) row[c] = gate[at + c] > T(0) ? row[c] : T(0);
      } else {
        std::fill_n(row, channels, T(0));
      }
    }
  }
}

// Gathers destination pixels [begin, end) of a (rows x cols) grid into matrix rows.
template <class T>
void gather(const T* image, const T* gate, const Axis& vertical, const Axis& horizontal, int64_t cols,
            int64_t begin, int64_t end, int64_t channels, T* matrix_rows) {
  const int64_t width = vertical.taps * horizontal.taps * channels;
  for (int64_t p = begin; p < end; ++p, matrix_rows += width) {
    gather_pixel(image, gate, vertical, horizontal, p / cols, p % cols, channels, matrix_rows);
  }
}

int64_t strip_rows(int64_t width) {
  return std::clamp<int64_t>(kStripElements / std::max<int64_t>(width, 1), 16, 512);
}

}  // namespace

template <class T>
void pack_forward(const Conv2dShape& shape, const T* w, T* packed) {
  const int64_t c = shape.c, k = shape.k, taps = shape.r * shape.s;
  for (int64_t ki = 0; ki < k; ++ki) {
    for (int64_t ci = 0; ci < c; ++ci) {
      for (int64_t t = 0; t < taps; ++t) packed[(t * c + ci) * k + ki] = w[(ki * c + ci) * taps + t];
    }
  }
}

template <class T>
void forward(const Conv2dShape& shape, const T* x, const T* packed, const T* bias, bool relu, T* y) {
  const int64_t cols = shape.out_w(), pixels = shape.out_h() * cols, width = shape.r * shape.s * shape.c;
  const auto [vertical, horizontal] = forward_axes(shape);
  const int64_t rows = strip_rows(width), strips = (pixels + rows - 1) / rows;
  // A 1x1 convolution's gathered matrix is its input.
  const bool gathered = !(shape.r == 1 && shape.s == 1 && shape.stride == 1 && shape.pad == 0);
  parallel_for(shape.n * strips, 1, [&](int64_t first, int64_t last) {
    std::vector<T> taps(gathered ? static_cast<size_t>(rows * width) : 0);
    for (int64_t strip = first; strip < last; ++strip) {
      const int64_t image = strip / strips, begin = strip % strips * rows,
                    end = std::min(pixels, begin + rows);
      const T* source = x + image * shape.h * shape.w * shape.c;
      if (gathered)
        gather(source, static_cast<const T*>(nullptr), vertical, horizontal, cols, begin, end, shape.c,
               taps.data());
      auto out = matrix(y + (image * pixels + begin) * shape.k, end - begin, shape.k, shape.k);
      const T* left = gathered ? taps.data() : source + begin * shape.c;
      out.noalias() = matrix(left, end - begin, width, width) * matrix(packed, width, shape.k, shape.k);
      if (bias) out.rowwise() += Eigen::Map<const Eigen::RowVector<T, Eigen::Dynamic>>(bias, shape.k);
      // Written so that NaN stays NaN.
      if (relu) out = out.unaryExpr([](T v) { return v < T(0) ? T(0) : v; });
    }
  });
}

template <class T>
void pack_backward_input(const Conv2dShape& shape, const T* w, T* packed) {
  for (int64_t ph = 0; ph < shape.stride; ++ph) {
    for (int64_t pw = 0; pw < shape.stride; ++pw) {
      for (int64_t r = ph; r < shape.r; r += shape.stride) {
        for (int64_t s = pw; s < shape.s; s += shape.stride) {
          for (int64_t k = 0; k < shape.k; ++k) {
            for (int64_t c = 0; c < shape.c; ++c) {
              *packed++ = w[((k * shape.c + c) * shape.r + r) * shape.s + s];
            }
          }
        }
      }
    }
  }
}

template <class T>
void backward_input(const Conv2dShape& shape, const T* grad_y, const T* gate, const T* packed, T* grad_x) {
  const int64_t c = shape.c, k = shape.k, stride = shape.stride, out_w = shape.out_w(), out_h = shape.out_h();
  for (int64_t ph = 0; ph < stride; ++ph) {
    const Phase v = phase_of(ph, stride, shape.pad, shape.r, shape.h, out_h);
    for (int64_t pw = 0; pw < stride; ++pw) {
      const Phase hz = phase_of(pw, stride, shape.pad, shape.s, shape.w, out_w);
      const int64_t pixels = v.count * hz.count, width = v.taps * hz.taps * k;
      const int64_t rows = strip_rows(width), strips = (pixels + rows - 1) / rows;
      parallel_for(shape.n * strips, 1, [&](int64_t first, int64_t last) {
        std::vector<T> taps(static_cast<size_t>(rows * width));
        RowMajor<T> result(rows, c);
        for (int64_t strip = first; strip < last; ++strip) {
          const int64_t image = strip / strips, begin = strip % strips * rows;
          const int64_t end = std::min(pixels, begin + rows);
          const int64_t source = image * out_h * out_w * k;
          gather(grad_y + source, gate ? gate + source : nullptr, v.axis, hz.axis, hz.count, begin, end, k,
                 taps.data());
          auto strip_result = result.topRows(end - begin);
          strip_result.noalias() = matrix(static_cast<const T*>(taps.data()), end - begin, width, width) *
                                   matrix(packed, width, c, c);
          for (int64_t p = begin; p < end; ++p) {
            const int64_t hi = v.first + p / hz.count * stride, wi = hz.first + p % hz.count * stride;
            std::copy_n(result.data() + (p - begin) * c, c,
                        grad_x + ((image * shape.h + hi) * shape.w + wi) * c);
          }
        }
      });
      packed += width * c;
    }
  }
}

template <class T>
void backward_weight(const Conv2dShape& shape, const T* x, const T* grad_y, T* grad_w) {
  const int64_t cols = shape.out_w(), pixels = shape.out_h() * cols, width = shape.r * shape.s * shape.c;
  const int64_t k = shape.k, taps_count = shape.r * shape.s;
  const auto [vertical, horizontal] = forward_axes(shape);
  const int64_t rows = strip_rows(width), strips = (pixels + rows - 1) / rows;
  // Strips fall into a fixed number of groups with a sum of their own, so that the order of additions, and
  // with it the last bit, does not depend on the number of threads.
  const int64_t groups = std::min<int64_t>(shape.n * strips, 4);
  std::vector<RowMajor<T>> sums(static_cast<size_t>(groups));
  parallel_for(groups, 1, [&](int64_t first, int64_t last) {
    std::vector<T> taps(static_cast<size_t>(rows * width));
    for (int64_t group = first; group < last; ++group) {
      sums[group].setZero(width, k);
      for (int64_t strip = shape.n * strips * group / groups; strip < shape.n * strips * (group + 1) / groups;
           ++strip) {
        const int64_t image = strip / strips, begin = strip % strips * rows,
                      end = std::min(pixels, begin + rows);
        gather(x + image * shape.h * shape.w * shape.c, static_cast<const T*>(nullptr), vertical, horizontal,
               cols, begin, end, shape.c, taps.data());
        sums[group].noalias() +=
            matrix(static_cast<const T*>(taps.data()), end - begin, width, width).transpose() *
            matrix(grad_y + (image * pixels + begin) * k, end - begin, k, k);
      }
    }
  });
  parallel_for(k, 1, [&](int64_t first, int64_t last) {
    for (int64_t ki = first; ki < last; ++ki) {
      for (int64_t c = 0; c < shape.c; ++c) {
        for (int64_t t = 0; t < taps_count; ++t) {
          T sum = 0;
          for (const auto& partial : sums) sum += partial(t * shape.c + c, ki);
          grad_w[(ki * shape.c + c) * taps_count + t] = sum;
        }
      }
    }
  });
}

#define NST_INSTANTIATE(T)                                                            \
  template void pack_forward(const Conv2dShape&, const T*, T*);                       \
  template void forward(const Conv2dShape&, const T*, const T*, const T*, bool, T*);  \
  template void pack_backward_input(const Conv2dShape&, const T*, T*);                \
  template void backward_input(const Conv2dShape&, const T*, const T*, const T*, T*); \
  template void backward_weight(const Conv2dShape&, const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels::conv2d_gemm
