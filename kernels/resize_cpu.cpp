#include "kernels/resize.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/parallel.h"

namespace nst::kernels {
namespace {

// Resampling of one axis as a sparse matrix: destination d is the sum of weight[e] * source[index[e]] over
// e in [begin[d], begin[d + 1]). Resizing is one such matrix per axis, its adjoint their transposes.
struct AxisMap {
  std::vector<int64_t> begin, index;
  std::vector<double> weight;
  int64_t size() const { return static_cast<int64_t>(begin.size()) - 1; }
};

// Weights of the triangle of half-width `support` around input position `centre` (in pixel edges).
void append_triangle(AxisMap& map, int64_t in, double centre, double support) {
  const int64_t first = std::max<int64_t>(0, static_cast<int64_t>(std::floor(centre - support + 0.5)));
  const int64_t last = std::min<int64_t>(in, static_cast<int64_t>(std::floor(centre + support + 0.5)));
  const size_t start = map.weight.size();
  double sum = 0;
  for (int64_t i = first; i < last; ++i) {
    const double w = std::max(0.0, 1 - std::abs((static_cast<double>(i) + 0.5 - centre) / support));
    map.index.push_back(i);
    map.weight.push_back(w);
    sum += w;
  }
  for (size_t e = start; e < map.weight.size(); ++e) map.weight[e] /= sum;
}

AxisMap axis_map(int64_t in, int64_t out, ResizeMode mode, bool antialias) {
  AxisMap map;
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  for (int64_t o = 0; o < out; ++o) {
    map.begin.push_back(static_cast<int64_t>(map.index.size()));
    if (mode == ResizeMode::nearest) {
      map.index.push_back(o * in / out);
      map.weight.push_back(1);
    } else {
      // At the edge the triangle is cut and scaled up, which is the same as repeating the edge.
      append_triangle(map, in, (static_cast<double>(o) + 0.5) * scale,
                      antialias ? std::max(scale, 1.0) : 1.0);
    }
  }
  map.begin.push_back(static_cast<int64_t>(map.index.size()));
  return map;
}

AxisMap transposed(const AxisMap& map, int64_t in) {
  AxisMap t{std::vector<int64_t>(static_cast<size_t>(in) + 1), std::vector<int64_t>(map.index.size()),
            std::vector<double>(map.index.size())};
  for (int64_t i : map.index) ++t.begin[i + 1];
  for (int64_t i = 0; i < in; ++i) t.begin[i + 1] += t.begin[i];
  auto next = t.begin;
  for (int64_t o = 0; o < map.size(); ++o) {
    for (int64_t e = map.begin[o]; e < map.begin[o + 1]; ++e) {
      const int64_t at = next[map.index[e]]++;
      t.index[at] = o;
      t.weight[at] = map.weight[e];
    }
  }
  return t;
}

// y (N, rows.size(), columns.size(), C) from x (N, h, w, C).
template <class T>
struct Resampler {
  const AxisMap &rows, &columns;
  int64_t h, w, c;
  const T* x;
  T* y;

  // Row r of all images' rows. `again`: it is the row before once more, as nearest repeats them.
  void row(int64_t r, bool again) const {
    const int64_t out_w = columns.size();
    T* out = y + r * out_w * c;
    if (again) {
      std::copy_n(out - out_w * c, out_w * c, out);
      return;
    }
    const T* image = x + r / rows.size() * h * w * c;
    for (int64_t j = 0; j < out_w; ++j, out += c) pixel(image, r % rows.size(), j, out);
  }

  void pixel(const T* image, int64_t row, int64_t j, T* out) const {
    if (copies(rows, row) && copies(columns, j)) {
      std::copy_n(source(image, rows.begin[row], columns.begin[j]), c, out);
      return;
    }
    std::fill_n(out, c, T(0));
    for (int64_t a = rows.begin[row]; a < rows.begin[row + 1]; ++a) {
      for (int64_t b = columns.begin[j]; b < columns.begin[j + 1]; ++b) {
        const T weight = static_cast<T>(rows.weight[a] * columns.weight[b]);
        const T* in = source(image, a, b);
        for (int64_t k = 0; k < c; ++k) out[k] += weight * in[k];
      }
    }
  }

  const T* source(const T* image, int64_t a, int64_t b) const {
    return image + (rows.index[a] * w + columns.index[b]) * c;
  }
  static bool copies(const AxisMap& map, int64_t d) {
    return map.begin[d + 1] - map.begin[d] == 1 && map.weight[map.begin[d]] == 1;
  }
};

template <class T>
void apply(const AxisMap& rows, const AxisMap& columns, int64_t n, int64_t h, int64_t w, int64_t c,
           const T* x, T* y) {
  const Resampler<T> resampler{rows, columns, h, w, c, x, y};
  const auto repeats = [&](int64_t row) {
    return row > 0 && Resampler<T>::copies(rows, row) && Resampler<T>::copies(rows, row - 1) &&
           rows.index[rows.begin[row]] == rows.index[rows.begin[row - 1]];
  };
  parallel_for(n * rows.size(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) resampler.row(r, r > begin && repeats(r % rows.size()));
  });
}

struct AxisMaps {
  AxisMap rows, columns;
};

AxisMaps axis_maps(const ResizeShape& s) {
  return {axis_map(s.h, s.out_h, s.mode, s.antialias), axis_map(s.w, s.out_w, s.mode, s.antialias)};
}

}  // namespace

template <class T>
void resize_forward(const CpuContext&, const ResizeShape& shape, const T* x, T* y) {
  const auto [rows, columns] = axis_maps(shape);
  apply(rows, columns, shape.n, shape.h, shape.w, shape.c, x, y);
}

template <class T>
void resize_backward(const CpuContext&, const ResizeShape& shape, const T* grad_y, T* grad_x) {
  const auto [rows, columns] = axis_maps(shape);
  apply(transposed(rows, shape.h), transposed(columns, shape.w), shape.n, shape.out_h, shape.out_w, shape.c,
        grad_y, grad_x);
}

#define NST_INSTANTIATE(T)                                                           \
  template void resize_forward(const CpuContext&, const ResizeShape&, const T*, T*); \
  template void resize_backward(const CpuContext&, const ResizeShape&, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
