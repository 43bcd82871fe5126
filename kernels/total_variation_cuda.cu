#include "kernels/cuda/nhwc.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/total_variation_terms.h"

namespace nst::kernels {
namespace {

// The differences around the pixels of one channel of one image.
template <class T>
struct Channel {
  __device__ Channel(const ImageShape& s, const Energy& e, const T* x, const cuda::Position& at)
      : shape(s), energy(e), values(x + at.image * s.h * s.w * s.c + at.channel) {}

  __device__ const T* at(int64_t i, int64_t j) const { return values + (i * shape.w + j) * shape.c; }

  __device__ Cell cell(int64_t i, int64_t j) const {
    const auto near = neighbours(shape, energy.cropped, i, j);
    const T* here = at(i, j);
    return energy(here[near.step_right] - *here, here[near.step_below] - *here);
  }

  // Along the diagonals of a square, downwards.
  struct Diagonals {
    double d1, d2;
  };
  __device__ Diagonals diagonals(const Square& s) const {
    return {static_cast<double>(*at(s.bottom, s.right)) - *at(s.top, s.left),
            static_cast<double>(*at(s.bottom, s.left)) - *at(s.top, s.right)};
  }

  // By pixel (i, j): its own cell's derivative, and those of the cells to its left and above, which end at
  // it.
  __device__ double derivative(int64_t i, int64_t j) const {
    const auto near = neighbours(shape, energy.cropped, i, j);
    const Cell own = cell(i, j);
    double sum = 0;
    if (near.right) sum -= own.by_dx;
    if (near.below) sum -= own.by_dy;
    if (j > 0 && neighbours(shape, energy.cropped, i, j - 1).right) sum += cell(i, j - 1).by_dx;
    if (i > 0 && neighbours(shape, energy.cropped, i - 1, j).below) sum += cell(i - 1, j).by_dy;
    return sum;
  }

  // Half the derivative of the sum of d1^2 + d2^2 by pixel (i, j), a corner of four squares; where the edge
  // is repeated it is two corners of one, or all.
  __device__ double diagonal_derivative(int64_t i, int64_t j) const {
    double sum = 0;
    for (int64_t y = i - 1; y <= i; ++y) {
      for (int64_t x = j - 1; x <= j; ++x) {
        const Square s = square(shape, y, x);
        const auto [d1, d2] = diagonals(s);
        if (s.bottom == i && s.right == j) sum += d1;
        if (s.top == i && s.left == j) sum -= d1;
        if (s.bottom == i && s.left == j) sum += d2;
        if (s.top == i && s.right == j) sum -= d2;
      }
    }
    return sum;
  }

  const ImageShape& shape;
  const Energy& energy;
  const T* values;
};

}  // namespace

template <class T>
void total_variation_forward(const CudaContext& context, const ImageShape& shape, TvVariant variant,
                             const T* x, T* tv) {
  const Energy energy = energy_of(shape, variant);
  const double diagonal = variant == TvVariant::nine_point ? diagonal_weight(shape) : 0;
  // Squares begin one pixel outside the picture, and a pixel's cell is counted with the square that begins at
  // it.
  const int outside = diagonal > 0 ? 1 : 0;
  const cuda::NhwcIndex index(shape.n, shape.h + outside, shape.w + outside, shape.c);
  cuda::sum(
      context, index.count(), T(1),
      [=] __device__(int64_t element) {
        const cuda::Position at = index.position(element);
        const Channel<T> channel(shape, energy, x, at);
        const int i = at.row - outside, j = at.column - outside;
        double sum = i >= 0 && j >= 0 ? channel.cell(i, j).energy : 0;
        if (diagonal > 0) {
          const auto [d1, d2] = channel.diagonals(square(shape, i, j));
          sum += diagonal * (d1 * d1 + d2 * d2);
        }
        return sum;
      },
      tv);
}

template <class T>
void total_variation_backward(const CudaContext& context, const ImageShape& shape, TvVariant variant,
                              const T* x, const T* grad_tv, T* grad_x) {
  const Energy energy = energy_of(shape, variant);
  const double diagonal = variant == TvVariant::nine_point ? diagonal_weight(shape) : 0;
  cuda::map_nhwc(context, shape.n, shape.h, shape.w, shape.c, grad_x,
                 [=] __device__(const cuda::Position& at) {
                   const Channel<T> channel(shape, energy, x, at);
                   double sum = channel.derivative(at.row, at.column);
                   if (diagonal > 0) sum += 2 * diagonal * channel.diagonal_derivative(at.row, at.column);
                   return static_cast<T>(*grad_tv * sum);
                 });
}

#define NST_INSTANTIATE(T)                                                                               \
  template void total_variation_forward(const CudaContext&, const ImageShape&, TvVariant, const T*, T*); \
  template void total_variation_backward(const CudaContext&, const ImageShape&, TvVariant, const T*,     \
                                         const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace nst::kernels
