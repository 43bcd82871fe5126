#include <algorithm>

#include "kernels/parallel.h"
#include "kernels/total_variation_terms.h"

namespace nst::kernels {
namespace {

template <class T>
double diagonal_energy(const ImageShape& s, const T* x) {
  const int64_t squares = (s.h + 1) * (s.w + 1);
  return diagonal_weight(s) * parallel_sum(s.n * squares, [&](int64_t begin, int64_t end) {
           double sum = 0;
           for (int64_t q = begin; q < end; ++q) {
             const T* image = x + q / squares * s.h * s.w * s.c;
             const auto [top, bottom, left, right] =
                 square(s, q % squares / (s.w + 1) - 1, q % (s.w + 1) - 1);
             for (int64_t c = 0; c < s.c; ++c) {
               const auto at = [&](int64_t i, int64_t j) {
                 return static_cast<double>(image[(i * s.w + j) * s.c + c]);
               };
               const double d1 = at(bottom, right) - at(top, left), d2 = at(bottom, left) - at(top, right);
               sum += d1 * d1 + d2 * d2;
             }
           }
           return sum;
         });
}

// Adds the diagonals' gradient to the rows [first, last) of one image. Squares that touch those rows are
// visited, and only what falls into them is added: rows need no locks.
template <class T>
void add_diagonal_gradient(const ImageShape& s, double scale, const T* image, int64_t first, int64_t last,
                           T* grad) {
  for (int64_t i = first - 1; i < last; ++i) {
    for (int64_t j = -1; j < s.w; ++j) {
      const auto [top, bottom, left, right] = square(s, i, j);
      for (int64_t c = 0; c < s.c; ++c) {
        const auto index = [&, c = c](int64_t y, int64_t x) { return (y * s.w + x) * s.c + c; };
        const auto add = [&](int64_t row, int64_t at, double value) {
          if (row >= first && row < last) grad[at] += static_cast<T>(value);
        };
        const int64_t a = index(top, left), b = index(bottom, right), d = index(top, right),
                      e = index(bottom, left);
        const double d1 = 2 * scale * (image[b] - image[a]), d2 = 2 * scale * (image[e] - image[d]);
        add(bottom, b, d1);
        add(top, a, -d1);
        add(bottom, e, d2);
        add(top, d, -d2);
      }
    }
  }
}

}  // namespace

template <class T>
void total_variation_forward(const CpuContext&, const ImageShape& shape, TvVariant variant, const T* x,
                             T* tv) {
  const Energy energy = energy_of(shape, variant);
  double sum = parallel_sum(shape.n * shape.h * shape.w, [&](int64_t begin, int64_t end) {
    double part = 0;
    for (int64_t p = begin; p < end; ++p) {
      const auto near = neighbours(shape, energy.cropped, p / shape.w % shape.h, p % shape.w);
      const T* here = x + p * shape.c;
      for (int64_t c = 0; c < shape.c; ++c) {
        part += energy(here[c + near.step_right] - here[c], here[c + near.step_below] - here[c]).energy;
      }
    }
    return part;
  });
  if (variant == TvVariant::nine_point) sum += diagonal_energy(shape, x);
  *tv = static_cast<T>(sum);
}

template <class T>
void total_variation_backward(const CpuContext&, const ImageShape& shape, TvVariant variant, const T* x,
                              const T* grad_tv, T* grad_x) {
  const Energy energy = energy_of(shape, variant);
  const double scale = *grad_tv;
  const int64_t row = shape.w * shape.c;
  parallel_for(shape.n * shape.h, 8, [&](int64_t begin, int64_t end) {
    std::fill(grad_x + begin * row, grad_x + end * row, T(0));
    // A pixel's own cell and, for the first row, the cells above it, whose lower half falls into this range.
    const int64_t from = begin % shape.h == 0 ? begin : begin - 1;
    for (int64_t r = from; r < end; ++r) {
      for (int64_t j = 0; j < shape.w; ++j) {
        const auto near = neighbours(shape, energy.cropped, r % shape.h, j);
        for (int64_t c = 0; c < shape.c; ++c) {
          const int64_t at = r * row + j * shape.c + c;
          const Cell cell = energy(x[at + near.step_right] - x[at], x[at + near.step_below] - x[at]);
          const T gx = static_cast<T>(scale * cell.by_dx), gy = static_cast<T>(scale * cell.by_dy);
          if (r >= begin) {
            if (near.right) grad_x[at + near.step_right] += gx, grad_x[at] -= gx;
            if (near.below) grad_x[at] -= gy;
          }
          if (near.below && r + 1 < end) grad_x[at + near.step_below] += gy;
        }
      }
    }
    if (variant != TvVariant::nine_point) return;
    for (int64_t r = begin; r < end;) {  // image by image
      const int64_t image = r / shape.h, last = std::min(end, (image + 1) * shape.h);
      const int64_t offset = image * shape.h * row;
      add_diagonal_gradient(shape, scale * diagonal_weight(shape), x + offset, r % shape.h,
                            last - image * shape.h, grad_x + offset);
      r = last;
    }
  });
}

#define NST_INSTANTIATE(T)                                                                              \
  template void total_variation_forward(const CpuContext&, const ImageShape&, TvVariant, const T*, T*); \
  template void total_variation_backward(const CpuContext&, const ImageShape&, TvVariant, const T*,     \
                                         const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
