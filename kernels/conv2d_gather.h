// Convolution as a matrix product, for every device. Row p of the matrix holds what destination pixel p
// reads: the channels of each of its taps, in the order (tap row, tap column, channel), zeros outside the
// image. The product with the packed weight (taps_h * taps_w * channels, columns) is the destination.
//
// Both directions are the same gather. Forward, output pixel (i, j) reads input rows i*stride + r - pad.
// Backward to the input, input pixel (h, w) reads the output pixels (h + pad - r) / stride that exist; which
// taps r do depends only on the phase (h + pad) mod stride, so pixels are gathered phase by phase and no
// multiplication by zero is done.
#pragma once

#include "kernels/conv2d.h"

namespace nst::kernels::conv2d_gemm {

// One axis of a gather: destination index d reads source index origin + d * advance + step * t for tap number
// t, or its mirror image where the axis reflects, and only indices in [0, extent) exist.
struct Axis {
  int64_t origin, advance, step, taps, extent;
  bool reflects = false;

  int64_t source(int64_t d, int64_t tap) const {
    const int64_t i = origin + d * advance + step * tap;
    return reflects ? reflected(i, extent) : i;
  }
};

struct Axes {
  Axis vertical, horizontal;
};

inline Axes forward_axes(const Conv2dShape& shape) {
  return {{-shape.pad, shape.stride, 1, shape.r, shape.h, shape.reflects()},
          {-shape.pad, shape.stride, 1, shape.s, shape.w, shape.reflects()}};
}

// Pixels h = first + d * stride, d in [0, count), of one phase, and the taps r = tap0 + t * stride they see.
struct Phase {
  int64_t first, count, tap0, taps;
  Axis axis;
};

inline Phase phase_of(int64_t phase, int64_t stride, int64_t pad, int64_t taps, int64_t in, int64_t out) {
  Phase p;
  p.tap0 = phase;  // tap r reaches h when (h + pad - r) mod stride == 0
  p.taps = phase < taps ? (taps - phase - 1) / stride + 1 : 0;
  p.first = ((phase - pad) % stride + stride) % stride;
  p.count = p.first < in ? (in - p.first - 1) / stride + 1 : 0;
  // (first + d*stride + pad - tap0 - t*stride) / stride
  p.axis = {(p.first + pad - phase) / stride, 1, -1, p.taps, out};
  return p;
}

}  // namespace nst::kernels::conv2d_gemm
