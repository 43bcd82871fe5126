// Padding of images: y is x with a border, whose elements are
//   zero       0
//   reflect    x mirrored at its outermost pixels, which are not repeated:  c b | a b c | b a
//   replicate  the nearest pixel of x:                                      a a | a b c | c c
// as torch.nn.functional.pad with mode constant, reflect and replicate.
#pragma once

#include "kernels/context.h"

namespace nst::kernels {

enum class PaddingMode { zero, reflect, replicate };

struct PadShape {
  int64_t n, h, w, c;  // input (N, H, W, C)
  // Pixels on each side, not negative; with reflect fewer than the image has in that direction.
  int64_t top, bottom, left, right;
  PaddingMode mode = PaddingMode::zero;

  int64_t out_h() const { return h + top + bottom; }
  int64_t out_w() const { return w + left + right; }
};

// Position i of an axis of `size` pixels, mirrored at its outermost ones when it lies beyond them. Further
// than size - 1 beyond, no pixel is its mirror image, and the result lies outside too.
template <class Index>
NST_HOST_DEVICE Index reflected(Index i, Index size) {
  return i < 0 ? -i : i < size ? i : 2 * (size - 1) - i;
}

// f(position) for the positions of a border of `before` and `after` pixels whose mirror image is pixel i.
template <class Index, class F>
NST_HOST_DEVICE void for_each_mirror_image(Index i, Index size, Index before, Index after, F f) {
  const Index left = -i, right = 2 * (size - 1) - i;
  if (left < 0 && left >= -before) f(left);
  if (right >= size && right < size + after) f(right);
}

// Where along an axis of `size` pixels the border's value at position i (outside [0, size)) comes from;
// kNoSource for zeros.
inline constexpr int64_t kNoSource = -1;
NST_HOST_DEVICE inline int64_t border_source(PaddingMode mode, int64_t i, int64_t size) {
  switch (mode) {
    case PaddingMode::zero:
      return kNoSource;
    case PaddingMode::reflect:
      return reflected(i, size);
    case PaddingMode::replicate:
      return i < 0 ? 0 : size - 1;
  }
  return kNoSource;
}

// Writes y (N, top + H + bottom, left + W + right, C).
NST_KERNEL(pad_forward, const PadShape& shape, const T* x, T* y);

// Writes grad_x (N, H, W, C): every pixel's is the sum of grad_y over the places it was copied to.
NST_KERNEL(pad_backward, const PadShape& shape, const T* grad_y, T* grad_x);

}  // namespace nst::kernels
