#include "kernels/conv2d_direct_cpu.h"

#include "kernels/conv2d_gather.h"
#include "kernels/gemm_micro_cpu.h"
#include "kernels/parallel.h"
#include "kernels/scratch_cpu.h"

namespace nst::kernels::conv2d_direct_cpu {
namespace NST_CPU_VARIANT {
namespace {

// Output rows whose input rows are copied together: each is copied 1 + (R - 1) / 8 times.
constexpr int64_t kBlockRows = 8;
// Pixels whose sums stay in the first- or second-level cache until they are finished.
constexpr int64_t kBlockPixels = 96;

// One direction of a convolution, or of backward to the input with a stride the pixels of one phase: from
// images (N, H, W, channels) to P x Q pixels of `filters` each.
struct Problem {
  int64_t n, h, w, channels;
  int64_t p, q, filters;
  int64_t r, s, stride;
  int64_t top,
      left;       // pixel (0, 0)'s first tap lies so far before the image, or beyond its edge where negative
  bool reflects;  // what lies beyond the edges is mirrored rather than zero
  bool columns_are_taps;
  int64_t y_first, y_pixel, y_row, y_image;  // where pixel (0, 0) goes, and how far apart the others are

  int64_t columns() const { return columns_are_taps ? s * filters : filters; }
  // Terms of a product's sum for one filter row.
  int64_t depth() const { return columns_are_taps ? channels : s * channels; }
  // Source rows and columns that all taps together reach.
  int64_t height() const { return (p - 1) * stride + r; }
  int64_t width() const { return (q - 1) * stride + s; }
  bool needs_border() const { return top != 0 || left != 0 || height() > h || width() > w; }
};

Problem forward_problem(const Conv2dShape& s) {
  const int64_t p = s.out_h(), q = s.out_w();
  return {.n = s.n,
          .h = s.h,
          .w = s.w,
          .channels = s.c,
          .p = p,
          .q = q,
          .filters = s.k,
          .r = s.r,
          .s = s.s,
          .stride = s.stride,
          .top = s.pad,
          .left = s.pad,
          .reflects = s.reflects(),
          .columns_are_taps = columns_are_taps(s.k, s.stride),
          .y_first = 0,
          .y_pixel = s.k,
          .y_row = q * s.k,
          .y_image = p * q * s.k};
}

// The transposed convolution, of the reversed taps. With a stride, the pixels of each phase have taps of
// their own (conv2d_gather.h), and neighbours among them read neighbours.
struct BackwardProblem {
  Problem problem;
  int64_t last_r, last_s, step;  // its tap (i, j) is tap (last_r - i*step, last_s - j*step) of the filters
};

// Calls f(BackwardProblem) for every phase.
template <class F>
void for_each_phase(const Conv2dShape& s, F f) {
  for (int64_t ph = 0; ph < s.stride; ++ph) {
    const conv2d_gemm::Phase v = conv2d_gemm::phase_of(ph, s.stride, s.pad, s.r, s.h, s.out_h());
    for (int64_t pw = 0; pw < s.stride; ++pw) {
      const conv2d_gemm::Phase z = conv2d_gemm::phase_of(pw, s.stride, s.pad, s.s, s.w, s.out_w());
      f(BackwardProblem{.problem = {.n = s.n,
                                    .h = s.out_h(),
                                    .w = s.out_w(),
                                    .channels = s.k,
                                    .p = v.count,
                                    .q = z.count,
                                    .filters = s.c,
                                    .r = v.taps,
                                    .s = z.taps,
                                    .stride = 1,
                                    .top = v.taps - 1 - v.axis.origin,
                                    .left = z.taps - 1 - z.axis.origin,
                                    .reflects = false,
                                    .columns_are_taps = columns_are_taps(s.c, s.stride),
                                    .y_first = (v.first * s.w + z.first) * s.c,
                                    .y_pixel = s.stride * s.c,
                                    .y_row = s.stride * s.w * s.c,
                                    .y_image = s.h * s.w * s.c},
                        .last_r = v.tap0 + (v.taps - 1) * s.stride,
                        .last_s = z.tap0 + (z.taps - 1) * s.stride,
                        .step = s.stride});
    }
  }
}

// Copies `count` rows of width() pixels, the first being the `first`th that taps reach: what lies beyond the
// edges is zero or mirrored, and zero is what a gate that is not positive leaves.
template <class T>
void copy_rows(const Problem& problem, const T* image, const T* gate, int64_t first, int64_t count, T* to) {
  const int64_t channels = problem.channels, row = problem.w * channels, width = problem.width();
  // Of these columns, [begin, end) lie inside.
  const int64_t begin = std::clamp<int64_t>(problem.left, 0, width);
  const int64_t end = std::clamp<int64_t>(problem.w + problem.left, begin, width);
  const auto border = [&](const T* from, const T* open, int64_t column) {
    const int64_t at = column - problem.left, source = problem.reflects ? reflected(at, problem.w) : at;
    T* pixel = to + column * channels;
    if (source < 0 || source >= problem.w) {
      std::fill_n(pixel, channels, T(0));
    } else {
      for (int64_t c = source * channels; c < (source + 1) * channels; ++c) {
        *pixel++ = !open || open[c] > T(0) ? from[c] : T(0);
      }
    }
  };
  for (int64_t i = first; i < first + count; ++i, to += width * channels) {
    const int64_t at = i - problem.top, source = problem.reflects ? reflected(at, problem.h) : at;
    if (source < 0 || source >= problem.h) {
      std::fill_n(to, width * channels, T(0));
      continue;
    }
    const T *from = image + source * row, *open = gate ? gate + source * row : nullptr;
    for (int64_t column = 0; column < begin; ++column) border(from, open, column);
    const int64_t skipped = (begin - problem.left) * channels, numel = (end - begin) * channels;
    T* inside = to + begin * channels;
    if (open) {
      for (int64_t e = 0; e < numel; ++e) inside[e] = open[skipped + e] > T(0) ? from[skipped + e] : T(0);
    } else {
      std::copy_n(from + skipped, numel, inside);
    }
    for (int64_t column = end; column < width; ++column) border(from, open, column);
  }
}

// y[k] = sums[k] + bias[k], rectified, for the K filters of a pixel.
template <class T>
void finish(int64_t filters, const T* __restrict sums, const T* __restrict bias, bool relu, T* __restrict y) {
  for (int64_t k = 0; k < filters; ++k) {
    const T value = bias ? sums[k] + bias[k] : sums[k];
    y[k] = relu && value < T(0) ? T(0) : value;
  }
}

// One output row from the R source rows at `rows`, `pitch` apart. `sums` has room for a block of pixels.
template <class T>
void output_row(const Problem& problem, const T* rows, int64_t pitch, const T* packed, const T* bias,
                bool relu, T* sums, T* y) {
  constexpr int64_t kLine = Line<T>::kElements;
  const int64_t columns = round_up(problem.columns(), kLine), filters = problem.filters;
  const int64_t advance = problem.stride * problem.channels, depth = problem.depth();
  // Whole lines that nothing is added to go straight to y.
  const bool finished = !problem.columns_are_taps && filters == columns && !bias && !relu;
  const MicroLayout product{.depth = depth,
                            .a_row = advance,
                            .a_step = 1,
                            .b_step = kLine,
                            .c_row = finished ? problem.y_pixel : columns,
                            .segments = problem.r,
                            .a_segment = pitch,
                            .b_segment = depth * kLine};
  const int64_t panel = problem.r * depth * kLine;
  // Where columns are taps, S - 1 source columns beyond the last pixel add to it too.
  const int64_t beyond = problem.columns_are_taps ? problem.s - 1 : 0;
  for (int64_t first = 0; first < problem.q; first += kBlockPixels) {
    const int64_t pixels = std::min(kBlockPixels, problem.q - first);
    for (int64_t line = 0; line < columns / kLine; ++line) {
      const T* b = packed + line * panel;
      T* to = finished ? y + first * problem.y_pixel : sums;
      micro_rows(product, pixels + beyond, rows + first * advance, b, false, to + line * kLine, b + panel);
    }
    if (finished) continue;
    for (int64_t j = 0; j < pixels; ++j) {
      T* at = sums + j * columns;
      for (int64_t tap = 1; tap <= beyond; ++tap) {
        const T* neighbour = at + tap * (columns + filters);
        for (int64_t k = 0; k < filters; ++k) at[k] += neighbour[k];
      }
      finish(filters, at, bias, relu, y + (first + j) * problem.y_pixel);
    }
  }
}

template <class T>
void convolve(const Problem& problem, const T* x, const T* gate, const T* packed, const T* bias, bool relu,
              T* y) {
  constexpr int64_t kLine = Line<T>::kElements;
  const bool copies = problem.needs_border() || gate;
  const int64_t pitch = (copies ? problem.width() : problem.w) * problem.channels;
  const int64_t blocks = (problem.p + kBlockRows - 1) / kBlockRows;
  const int64_t block_sources = (kBlockRows - 1) * problem.stride + problem.r;
  const int64_t sums_numel = (kBlockPixels + problem.s) * round_up(problem.columns(), kLine);
  parallel_for(problem.n * blocks, 1, [&](int64_t begin, int64_t end) {
    T* sums = scratch<T>(sums_numel + (copies ? block_sources * pitch : 0));
    T* copy = sums + sums_numel;
    for (int64_t item = begin; item < end; ++item) {
      const int64_t image = item / blocks, first = item % blocks * kBlockRows;
      const int64_t count = std::min(kBlockRows, problem.p - first);
      const int64_t source = image * problem.h * problem.w * problem.channels;
      const T* rows = x + source + first * problem.stride * pitch;
      if (copies) {
        copy_rows(problem, x + source, gate ? gate + source : nullptr, first * problem.stride,
                  (count - 1) * problem.stride + problem.r, copy);
        rows = copy;
      }
      for (int64_t i = 0; i < count; ++i) {
        output_row(problem, rows + i * problem.stride * pitch, pitch, packed, bias, relu, sums,
                   y + problem.y_first + image * problem.y_image + (first + i) * problem.y_row);
      }
    }
  });
}

// Elements that pack() writes.
template <class T>
int64_t packed_numel(const Problem& problem) {
  return problem.r * problem.depth() * round_up(problem.columns(), Line<T>::kElements);
}

// Packs filters g = tap(k, c, r, s); returns what follows them.
template <class T, class Tap>
T* pack(const Problem& problem, Tap&& tap, T* packed) {
  constexpr int64_t kLine = Line<T>::kElements;
  const int64_t columns = problem.columns(), taps = problem.columns_are_taps ? 1 : problem.s;
  for (int64_t first = 0; first < columns; first += kLine) {
    for (int64_t r = 0; r < problem.r; ++r) {
      for (int64_t s = 0; s < taps; ++s) {
        for (int64_t c = 0; c < problem.channels; ++c) {
          for (int64_t column = first; column < first + kLine; ++column) {
            const bool exists = column < columns;
            const int64_t k = column % problem.filters;
            *packed++ = exists ? tap(k, c, r, s + column / problem.filters) : T(0);
          }
        }
      }
    }
  }
  return packed;
}

}  // namespace

template <class T>
void pack_forward(const Conv2dShape& shape, const T* w, T* packed) {
  pack(
      forward_problem(shape),
      [&](int64_t k, int64_t c, int64_t r, int64_t s) {
        return w[((k * shape.c + c) * shape.r + r) * shape.s + s];
      },
      packed);
}

template <class T>
void forward(const Conv2dShape& shape, const T* x, const T* packed, const T* bias, bool relu, T* y) {
  convolve<T>(forward_problem(shape), x, nullptr, packed, bias, relu, y);
}

template <class T>
void pack_backward_input(const Conv2dShape& shape, const T* w, T* packed) {
  for_each_phase(shape, [&](const BackwardProblem& phase) {
    packed = pack(
        phase.problem,
        [&](int64_t c, int64_t k, int64_t r, int64_t s) {
          const int64_t tap_r = phase.last_r - r * phase.step, tap_s = phase.last_s - s * phase.step;
          return w[((k * shape.c + c) * shape.r + tap_r) * shape.s + tap_s];
        },
        packed);
  });
}

template <class T>
void backward_input(const Conv2dShape& shape, const T* grad_y, const T* gate, const T* packed, T* grad_x) {
  for_each_phase(shape, [&](const BackwardProblem& phase) {
    const Problem& problem = phase.problem;
    if (problem.p > 0 && problem.q > 0) convolve<T>(problem, grad_y, gate, packed, nullptr, false, grad_x);
    packed += packed_numel<T>(problem);
  });
}

#define NST_INSTANTIATE(T)                                                           \
  template void pack_forward(const Conv2dShape&, const T*, T*);                      \
  template void forward(const Conv2dShape&, const T*, const T*, const T*, bool, T*); \
  template void pack_backward_input(const Conv2dShape&, const T*, T*);               \
  template void backward_input(const Conv2dShape&, const T*, const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace NST_CPU_VARIANT
}  // namespace nst::kernels::conv2d_direct_cpu
