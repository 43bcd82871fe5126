#include "kernels/conv2d_direct_cpu.h"

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

// One direction of a convolution: from images (N, H, W, channels) to (N, P, Q, filters).
struct Problem {
  int64_t n, h, w, channels;
  int64_t p, q, filters;
  int64_t r, s, stride;
  int64_t pad_rows, pad_columns;  // pixels above and below, left and right
  bool reflects = false;          // what they hold: mirrored pixels rather than zeros

  bool columns_are_taps() const { return conv2d_direct_cpu::columns_are_taps(filters, stride); }
  int64_t columns() const { return columns_are_taps() ? s * filters : filters; }
  // Terms of a product's sum for one filter row.
  int64_t depth() const { return columns_are_taps() ? channels : s * channels; }
};

Problem forward_problem(const Conv2dShape& s) {
  return {s.n, s.h, s.w, s.c, s.out_h(), s.out_w(), s.k, s.r, s.s, s.stride, s.pad, s.pad, s.reflects()};
}
// With stride 1: the transposed convolution, of the reversed taps.
Problem backward_problem(const Conv2dShape& s) {
  return {s.n, s.out_h(), s.out_w(), s.k, s.h, s.w, s.c, s.r, s.s, 1, s.r - 1 - s.pad, s.s - 1 - s.pad};
}

// Copies padded rows [first, first + count) of an image: zeros where a gate is not positive.
template <class T>
void copy_rows(const Problem& problem, const T* image, const T* gate, int64_t first, int64_t count, T* to) {
  const int64_t channels = problem.channels, row = problem.w * channels,
                border = problem.pad_columns * channels;
  for (int64_t i = first; i < first + count; ++i, to += row + 2 * border) {
    const int64_t at = i - problem.pad_rows, source = problem.reflects ? reflected(at, problem.h) : at;
    if (source < 0 || source >= problem.h) {
      std::fill_n(to, row + 2 * border, T(0));
      continue;
    }
    const T* from = image + source * row;
    T* inside = to + border;
    if (gate) {
      for (int64_t e = 0; e < row; ++e) inside[e] = gate[source * row + e] > T(0) ? from[e] : T(0);
    } else {
      std::copy_n(from, row, inside);
    }
    if (problem.reflects) {
      for (int64_t j = 1; j <= problem.pad_columns; ++j) {
        std::copy_n(inside + j * channels, channels, inside - j * channels);
        std::copy_n(inside + row - (j + 1) * channels, channels, inside + row + (j - 1) * channels);
      }
    } else {
      std::fill_n(to, border, T(0));
      std::fill_n(inside + row, border, T(0));
    }
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
  const MicroLayout product{.depth = depth,
                            .a_row = advance,
                            .a_step = 1,
                            .b_step = kLine,
                            .c_row = columns,
                            .segments = problem.r,
                            .a_segment = pitch,
                            .b_segment = depth * kLine};
  const int64_t panel = problem.r * depth * kLine;
  // Where columns are taps, S - 1 source columns beyond the last pixel add to it too.
  const int64_t beyond = problem.columns_are_taps() ? problem.s - 1 : 0;
  for (int64_t first = 0; first < problem.q; first += kBlockPixels) {
    const int64_t pixels = std::min(kBlockPixels, problem.q - first);
    for (int64_t line = 0; line < columns / kLine; ++line) {
      const T* b = packed + line * panel;
      micro_rows(product, pixels + beyond, rows + first * advance, b, false, sums + line * kLine, b + panel);
    }
    for (int64_t j = 0; j < pixels; ++j) {
      T* at = sums + j * columns;
      for (int64_t tap = 1; tap <= beyond; ++tap) {
        const T* neighbour = at + tap * (columns + filters);
        for (int64_t k = 0; k < filters; ++k) at[k] += neighbour[k];
      }
      finish(filters, at, bias, relu, y + (first + j) * filters);
    }
  }
}

template <class T>
void convolve(const Problem& problem, const T* x, const T* gate, const T* packed, const T* bias, bool relu,
              T* y) {
  constexpr int64_t kLine = Line<T>::kElements;
  const bool copies = problem.pad_rows > 0 || problem.pad_columns > 0 || gate;
  const int64_t pitch = (problem.w + 2 * problem.pad_columns) * problem.channels;
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
                   y + ((image * problem.p + first + i) * problem.q) * problem.filters);
      }
    }
  });
}

// Packs filters g = tap(k, c, r, s).
template <class T, class Tap>
void pack(const Problem& problem, Tap&& tap, T* packed) {
  constexpr int64_t kLine = Line<T>::kElements;
  const int64_t columns = problem.columns(), taps = problem.columns_are_taps() ? 1 : problem.s;
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
  pack(
      backward_problem(shape),
      [&](int64_t c, int64_t k, int64_t r, int64_t s) {
        return w[((k * shape.c + c) * shape.r + shape.r - 1 - r) * shape.s + shape.s - 1 - s];
      },
      packed);
}

template <class T>
void backward_input(const Conv2dShape& shape, const T* grad_y, const T* gate, const T* packed, T* grad_x) {
  convolve<T>(backward_problem(shape), grad_y, gate, packed, nullptr, false, grad_x);
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
