// Idea        A thread per channel of a pixel near the border sums over the pixel's mirror images, the taps
//             that reach them and the filters, as the formula is written: for all algorithms, in one launch.
// Tiling      A warp takes 32 neighbouring channels: it reads grad_y once for all, and neighbouring weights.
// Bytes       The border's pixels of grad_x, their neighbours of grad_y, and for each the weight from L2.
// Rung        study/conv2d/02_coalesced.cuh.
// Bottleneck  The loads, two for each FMA. A border of 1 around 256x256 pixels has 1/200 of the
//             convolution's own FMAs.
// Constraints None.
#include "kernels/conv2d_mirror.h"
#include "kernels/cuda/elementwise.cuh"

namespace nst::kernels::conv2d_mirror {
namespace {

// The pixels of an axis that have mirror images: two runs, in ascending order, which do not overlap.
struct Border {
  int first[2], count[2];

  Border(int64_t size, int64_t pad) {
    const int low = 1, low_end = static_cast<int>(pad) + 1;
    const int high = static_cast<int>(size - 1 - pad), high_end = static_cast<int>(size) - 1;
    if (high > low_end) {
      first[0] = low, count[0] = low_end - low;
      first[1] = high, count[1] = high_end - high;
    } else {
      first[0] = low < high ? low : high;
      count[0] = (low_end > high_end ? low_end : high_end) - first[0];
      first[1] = count[1] = 0;
    }
  }
  int64_t numel() const { return count[0] + count[1]; }
  __device__ int pixel(int i) const { return i < count[0] ? first[0] + i : first[1] + i - count[0]; }
  __device__ bool holds(int pixel) const {
    return (pixel >= first[0] && pixel < first[0] + count[0]) ||
           (pixel >= first[1] && pixel < first[1] + count[1]);
  }
};

}  // namespace

template <class T>
void pack(const CudaContext& context, const Conv2dShape& shape, const T* w, T* packed) {
  const int64_t k = shape.k, c = shape.c, taps = shape.r * shape.s;
  cuda::map(context, k * c * taps, packed, [=] __device__(int64_t i) {
    const int64_t ci = i % c, ki = i / c % k, tap = i / c / k;
    return w[(ki * c + ci) * taps + tap];
  });
}

template <class T>
void add(const CudaContext& context, const Conv2dShape& shape, const T* grad_y, const T*, const T* packed,
         T* grad_x) {
  const auto i32 = [](int64_t v) { return static_cast<int>(v); };
  const int h = i32(shape.h), w = i32(shape.w), k = i32(shape.k), r = i32(shape.r), s = i32(shape.s),
            pad = i32(shape.pad), stride = i32(shape.stride), p = i32(shape.out_h()), q = i32(shape.out_w());
  const int64_t c = shape.c;
  const Border rows(h, pad), columns(w, pad);
  // Rows of the border, then of every row the columns of the border.
  const int64_t in_rows = rows.numel() * w, in_columns = h * columns.numel(), pixels = in_rows + in_columns;
  cuda::for_each(context, shape.n * pixels * c, [=] __device__(int64_t element) {
    const int64_t channel = element % c, image = element / c / pixels;
    const int at = static_cast<int>(element / c % pixels);
    int row, column;
    if (at < in_rows) {
      row = rows.pixel(at / w), column = at % w;
    } else {
      const int rest = at - static_cast<int>(in_rows);
      row = rest % h, column = columns.pixel(rest / h);
      if (rows.holds(row)) return;
    }
    T sum = 0;
    const auto receive = [&](int a, int b) {
      for (int ri = 0; ri < r; ++ri) {
        const int i = output_of(a, ri, pad, stride, p);
        if (i < 0) continue;
        for (int si = 0; si < s; ++si) {
          const int j = output_of(b, si, pad, stride, q);
          if (j < 0) continue;
          const T* const gradient = grad_y + ((image * p + i) * q + j) * k;
          const T* const filters = packed + int64_t{ri * s + si} * k * c + channel;
          for (int ki = 0; ki < k; ++ki) sum += gradient[ki] * filters[ki * c];
        }
      }
    };
    const auto along_row = [&](int a, bool itself) {
      if (!itself) receive(a, column);
      for_each_mirror_image(column, w, pad, pad, [&](int b) { receive(a, b); });
    };
    along_row(row, true);
    for_each_mirror_image(row, h, pad, pad, [&](int a) { along_row(a, false); });
    grad_x[((image * h + row) * w + column) * c + channel] += sum;
  });
}

#define NST_INSTANTIATE(T)                                                  \
  template void pack(const CudaContext&, const Conv2dShape&, const T*, T*); \
  template void add(const CudaContext&, const Conv2dShape&, const T*, const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels::conv2d_mirror
