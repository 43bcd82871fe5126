// The tiles of an implicit GEMM: which elements of which tensor a thread loads, and where they belong in the
// tile. Nothing is gathered in memory first; the matrix exists one tile at a time, in shared memory.
//
// Each class below walks one operand tile by tile along the depth (the summed-over axis) of the product. A
// thread owns kVectors vectors of four neighbouring elements of every tile; visit() tells their addresses,
// next() steps to the following tile. How they travel (registers, cp.async) is the kernel's business.
#pragma once

#include "kernels/conv2d_gather.h"
#include "kernels/cuda/launch.cuh"

namespace nst::kernels::cuda {

// conv2d_gather.h's Axis in the 32 bits that index arithmetic is fast in.
struct GatherAxis {
  int origin, advance, step, taps, extent;
  bool reflects = false;

  static GatherAxis from(const conv2d_gemm::Axis& a) {
    return {static_cast<int>(a.origin), static_cast<int>(a.advance), static_cast<int>(a.step),
            static_cast<int>(a.taps),   static_cast<int>(a.extent),  a.reflects};
  }
  // The source that index i stands for.
  __device__ int source(int i) const { return reflects ? reflected(i, extent) : i; }
};

// images x rows x columns destination pixels that read an image of (vertical.extent, horizontal.extent,
// channels).
struct Gather {
  int images, rows, columns;
  GatherAxis vertical, horizontal;
  int channels;

  __host__ __device__ int pixels() const { return images * rows * columns; }
  __host__ __device__ int taps() const { return vertical.taps * horizontal.taps * channels; }
};

// A matrix of `rows` x `channels` as it lies in memory: a gather of one tap.
inline Gather plain_rows(int64_t rows, int64_t channels) {
  const int r = static_cast<int>(rows);
  return {1, 1, r, {0, 1, 1, 1, 1}, {0, 1, 1, 1, r}, static_cast<int>(channels)};
}

// Position in (tap row, tap column, channel) order.
struct TapCursor {
  int r, s, c;

  __device__ TapCursor(const Gather& g, int index)
      : r(index / g.channels / g.horizontal.taps),
        s(index / g.channels % g.horizontal.taps),
        c(index % g.channels) {}
  __device__ void advance(const Gather& g, int by) {
    c += by;
    while (c >= g.channels) {
      c -= g.channels;
      if (++s == g.horizontal.taps) s = 0, ++r;
    }
  }
};

// Position in (image, row, column) order.
struct PixelCursor {
  int n, i, j;

  __device__ PixelCursor(const Gather& g, int index)
      : n(index / g.columns / g.rows), i(index / g.columns % g.rows), j(index % g.columns) {}
  __device__ void advance(const Gather& g, int by) {
    j += by;
    while (j >= g.columns) {
      j -= g.columns;
      if (++i == g.rows) i = 0, ++n;
    }
  }
};

__device__ inline bool inside(int index, int extent) {
  return static_cast<unsigned>(index) < static_cast<unsigned>(extent);
}

// Where channel c of source pixel (h, w) of image n lies.
__device__ inline int64_t element_at(const Gather& g, int n, int h, int w, int c) {
  const int64_t pixel = (int64_t{n} * g.vertical.extent + h) * g.horizontal.extent + w;
  return pixel * g.channels + c;
}

// kRows pixels (rows) times kDepth taps: the left operand forward and backward to the input. A vector is four
// neighbours along the depth; with kAligned the channels are a multiple of 4, so that they belong to one tap.
template <class T, int kRows, int kDepth, int kThreads, bool kAligned>
class PixelRows {
 public:
  static constexpr int kVectors = kRows * kDepth / 4 / kThreads;
  static constexpr bool kAlongDepth = true;
  static_assert(kVectors * kThreads * 4 == kRows * kDepth && kThreads % (kDepth / 4) == 0);

  __device__ PixelRows(const Gather& g, const T* image, int first_row, int first_tap)
      : taps_(g, first_tap + depth(0)) {
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
      const PixelCursor p(g, first_row + row(v));
      h_[v] = g.vertical.origin + p.i * g.vertical.advance;
      w_[v] = g.horizontal.origin + p.j * g.horizontal.advance;
      origin_[v] = image + element_at(g, p.n, h_[v], w_[v], 0);
      if (p.n >= g.images) h_[v] = kNowhere;
    }
  }

  // Where vector v's first element belongs in the tile.
  __device__ static int row(int v) { return threadIdx.x / (kDepth / 4) + v * (kThreads / (kDepth / 4)); }
  __device__ static int depth(int) { return threadIdx.x % (kDepth / 4) * 4; }

  // Calls f(v, e, address, exists) for each vector (kAligned, e = 0) or each element e of it. Where `exists`
  // is false the element is a zero and the address means nothing.
  template <class F>
  __device__ void visit(const Gather& g, F f) const {
    TapCursor tap = taps_;
#pragma unroll
    for (int e = 0; e < 4; e += kAligned ? 4 : 1) {
      const int dh = g.vertical.step * tap.r, dw = g.horizontal.step * tap.s;
      const int64_t offset = int64_t{dh * g.horizontal.extent + dw} * g.channels + tap.c;
      const bool tap_exists = tap.r < g.vertical.taps;
#pragma unroll
      for (int v = 0; v < kVectors; ++v) {
        const int h = h_[v] + dh, w = w_[v] + dw;
        const int hh = g.vertical.source(h), ww = g.horizontal.source(w);
        const bool pixel_exists = inside(hh, g.vertical.extent) && inside(ww, g.horizontal.extent);
        const T* from = origin_[v] + offset;
        if (g.vertical.reflects && pixel_exists)
          from += int64_t{(hh - h) * g.horizontal.extent + ww - w} * g.channels;
        f(v, e, from, tap_exists && pixel_exists);
      }
      if (!kAligned) tap.advance(g, 1);
    }
  }

  __device__ void next(const Gather& g) { taps_.advance(g, kDepth); }

 private:
  static constexpr int kNowhere = -(1 << 30);  // the row of a pixel beyond the last

  TapCursor taps_;
  const T* origin_[kVectors];  // of tap (0, 0), channel 0
  int h_[kVectors], w_[kVectors];
};

// The transpose, for the weight's gradient: kRows taps (rows) times kDepth pixels. A vector is four
// neighbouring taps.
template <class T, int kRows, int kDepth, int kThreads, bool kAligned, bool kReflects>
class Taps {
 public:
  static constexpr int kVectors = kRows * kDepth / 4 / kThreads;
  static constexpr bool kAlongDepth = false;
  static_assert(kVectors * kThreads * 4 == kRows * kDepth && kThreads % (kRows / 4) == 0);

  __device__ Taps(const Gather& g, const T* image, int first_row, int first_pixel)
      : image_(image), taps_(g, first_row + row(0)), pixel_(g, first_pixel + depth(0)) {}

  __device__ static int row(int) { return threadIdx.x % (kRows / 4) * 4; }
  __device__ static int depth(int v) { return threadIdx.x / (kRows / 4) + v * (kThreads / (kRows / 4)); }

  template <class F>
  __device__ void visit(const Gather& g, F f) const {
    PixelCursor p = pixel_;
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
      const int h = g.vertical.origin + p.i * g.vertical.advance;
      const int w = g.horizontal.origin + p.j * g.horizontal.advance;
      TapCursor tap = taps_;
#pragma unroll
      for (int e = 0; e < 4; e += kAligned ? 4 : 1) {
        int hh = h + g.vertical.step * tap.r, ww = w + g.horizontal.step * tap.s;
        if constexpr (kReflects) hh = g.vertical.source(hh), ww = g.horizontal.source(ww);
        const bool exists = p.n < g.images && tap.r < g.vertical.taps && inside(hh, g.vertical.extent) &&
                            inside(ww, g.horizontal.extent);
        f(v, e, image_ + element_at(g, p.n, hh, ww, tap.c), exists);
        if (!kAligned) tap.advance(g, 1);
      }
      if (v + 1 < kVectors) p.advance(g, kThreads / (kRows / 4));
    }
  }

  __device__ void next(const Gather& g) { pixel_.advance(g, kDepth); }

 private:
  const T* image_;
  TapCursor taps_;
  PixelCursor pixel_;
};

// Of a border of zeros, and of one that reflects. Two, as the largest tile of the ordinary cores has no
// register to spare for the question.
template <class T, int kRows, int kDepth, int kThreads, bool kAligned>
using TapRows = Taps<T, kRows, kDepth, kThreads, kAligned, false>;
template <class T, int kRows, int kDepth, int kThreads, bool kAligned>
using ReflectedTapRows = Taps<T, kRows, kDepth, kThreads, kAligned, true>;

// The right operand, a row-major matrix of `depth` x `columns`: the packed weight, or grad_y as it is. A
// vector is four neighbouring columns; with kAligned their number is a multiple of 4.
template <class T, int kColumns, int kDepth, int kThreads, bool kAligned>
class MatrixColumns {
 public:
  static constexpr int kVectors = kColumns * kDepth / 4 / kThreads;
  static_assert(kVectors * kThreads * 4 == kColumns * kDepth && kThreads % (kColumns / 4) == 0);

  __device__ MatrixColumns(const T* matrix, int depth_extent, int columns, int first_column, int first_depth)
      : at_(matrix + int64_t{first_depth + depth(0)} * columns + first_column + column(0)),
        columns_(columns),
        depth_left_(depth_extent - first_depth - depth(0)),
        columns_left_(columns - first_column - column(0)) {}

  __device__ static int column(int) { return threadIdx.x % (kColumns / 4) * 4; }
  __device__ static int depth(int v) {
    return threadIdx.x / (kColumns / 4) + v * (kThreads / (kColumns / 4));
  }

  template <class F>
  __device__ void visit(F f) const {
#pragma unroll
    for (int v = 0; v < kVectors; ++v) {
#pragma unroll
      for (int e = 0; e < 4; e += kAligned ? 4 : 1) {
        f(v, e, at_ + int64_t{depth(v) - depth(0)} * columns_ + e,
          depth(v) - depth(0) < depth_left_ && e < columns_left_);
      }
    }
  }

  __device__ void next() {
    depth_left_ -= kDepth;
    at_ += int64_t{kDepth} * columns_;
  }

 private:
  const T* at_;
  int columns_, depth_left_, columns_left_;
};

}  // namespace nst::kernels::cuda
