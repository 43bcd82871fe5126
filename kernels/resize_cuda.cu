#include <cmath>

#include "kernels/cuda/nhwc.cuh"
#include "kernels/resize.h"

namespace nst::kernels {
namespace {

// Resampling of one axis, as the CPU's AxisMap: output pixel o is the sum over t < taps of weight[o * taps +
// t] times input pixel first[o] + t, and input pixel i goes into the outputs [outputs[2 i], outputs[2 i +
// 1]).
struct AxisMap {
  int in, out, taps;
  double* weight;
  int *first, *outputs;

  __device__ double weight_of(int o, int i) const {
    const int t = i - first[o];
    return t >= 0 && t < taps ? weight[int64_t{o} * taps + t] : 0;
  }
};

// Half the width of the triangle that weights the input pixels of a bilinear resize, in input pixels.
NST_HOST_DEVICE double support_of(int in, int out, bool antialias) {
  return antialias && in > out ? static_cast<double>(in) / out : 1.0;
}

// One thread per output pixel finds its taps. Those past the edge, or past the triangle, weigh nothing.
__global__ void taps_kernel(AxisMap map, ResizeMode mode, bool antialias) {
  const int o = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (o >= map.out) return;
  double* const weight = map.weight + int64_t{o} * map.taps;
  if (mode == ResizeMode::nearest) {
    map.first[o] = static_cast<int>(int64_t{o} * map.in / map.out);
    weight[0] = 1;
    return;
  }
  const double scale = static_cast<double>(map.in) / map.out,
               support = support_of(map.in, map.out, antialias);
  const double centre = (o + 0.5) * scale;
  const int begin = static_cast<int>(floor(centre - support + 0.5));
  const int first = begin > 0 ? begin : 0;
  // At the edge the triangle is cut and scaled up, which is the same as repeating the edge.
  double sum = 0;
  for (int t = 0; t < map.taps; ++t) {
    const double w = 1 - fabs((first + t + 0.5 - centre) / support);
    weight[t] = first + t < map.in && w > 0 ? w : 0;
    sum += weight[t];
  }
  for (int t = 0; t < map.taps; ++t) weight[t] /= sum;
  map.first[o] = first;
}

// One thread per input pixel finds the outputs it goes into. first[] ascends, so that they are neighbours.
__global__ void outputs_kernel(AxisMap map) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= map.in) return;
  const auto first_output_from = [&](int pixel) {  // the least o with first[o] >= pixel
    int low = 0, high = map.out;
    while (low < high) {
      const int middle = (low + high) / 2;
      if (map.first[middle] < pixel) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  };
  map.outputs[2 * i] = first_output_from(i - map.taps + 1);
  map.outputs[2 * i + 1] = first_output_from(i + 1);
}

struct AxisMaps {
  AxisMap rows, columns;
};

// Lays both axes' tables in scratch memory and fills them.
AxisMaps axis_maps(const CudaContext& context, const ResizeShape& s) {
  const auto sized = [&](int64_t in, int64_t out) {
    const int i = static_cast<int>(in), o = static_cast<int>(out);
    const double support = support_of(i, o, s.antialias);
    const int taps = s.mode == ResizeMode::nearest ? 1 : static_cast<int>(std::ceil(2 * support)) + 1;
    return AxisMap{i, o, taps, nullptr, nullptr, nullptr};
  };
  AxisMaps maps{sized(s.h, s.out_h), sized(s.w, s.out_w)};
  int64_t doubles = 0, ints = 0;
  for (const AxisMap* m : {&maps.rows, &maps.columns}) {
    doubles += int64_t{m->out} * m->taps;
    ints += m->out + 2 * int64_t{m->in};
  }
  auto* weight = context.scratch<double>(doubles + (ints + 1) / 2);
  int* index = reinterpret_cast<int*>(weight + doubles);
  for (AxisMap* m : {&maps.rows, &maps.columns}) {
    m->weight = weight;
    m->first = index;
    m->outputs = index + m->out;
    weight += int64_t{m->out} * m->taps;
    index += m->out + 2 * int64_t{m->in};
    constexpr int kThreads = 128;
    cuda::launch(taps_kernel, cuda::blocks_for(m->out, kThreads), kThreads, 0, context.stream(), *m, s.mode,
                 s.antialias);
    cuda::launch(outputs_kernel, cuda::blocks_for(m->in, kThreads), kThreads, 0, context.stream(), *m);
  }
  return maps;
}

}  // namespace

template <class T>
void resize_forward(const CudaContext& context, const ResizeShape& shape, const T* x, T* y) {
  const auto [rows, columns] = axis_maps(context, shape);
  const cuda::Strides in(shape.h, shape.w, shape.c);
  cuda::map_nhwc(context, shape.n, shape.out_h, shape.out_w, shape.c, y,
                 [=, rows = rows, columns = columns] __device__(const cuda::Position& at) {
                   const double *down = rows.weight + int64_t{at.row} * rows.taps,
                                *across = columns.weight + int64_t{at.column} * columns.taps;
                   const int i = rows.first[at.row], j = columns.first[at.column];
                   T sum = 0;
                   for (int a = 0; a < rows.taps; ++a) {
                     if (down[a] == 0) continue;  // beyond the edge, maybe
                     for (int b = 0; b < columns.taps; ++b) {
                       if (across[b] == 0) continue;
                       sum += static_cast<T>(down[a] * across[b]) * x[in.offset(at, i + a, j + b)];
                     }
                   }
                   return sum;
                 });
}

template <class T>
void resize_backward(const CudaContext& context, const ResizeShape& shape, const T* grad_y, T* grad_x) {
  const auto [rows, columns] = axis_maps(context, shape);
  const cuda::Strides out(shape.out_h, shape.out_w, shape.c);
  cuda::map_nhwc(
      context, shape.n, shape.h, shape.w, shape.c, grad_x,
      [=, rows = rows, columns = columns] __device__(const cuda::Position& at) {
        T sum = 0;
        for (int i = rows.outputs[2 * at.row]; i < rows.outputs[2 * at.row + 1]; ++i) {
          const double down = rows.weight_of(i, at.row);
          for (int j = columns.outputs[2 * at.column]; j < columns.outputs[2 * at.column + 1]; ++j) {
            sum += static_cast<T>(down * columns.weight_of(j, at.column)) * grad_y[out.offset(at, i, j)];
          }
        }
        return sum;
      });
}

#define NST_INSTANTIATE(T)                                                            \
  template void resize_forward(const CudaContext&, const ResizeShape&, const T*, T*); \
  template void resize_backward(const CudaContext&, const ResizeShape&, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
