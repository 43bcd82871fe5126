// Backward to the input of a convolution that reflects. On each axis pixel i is read where it lies and,
// within `pad` of an edge, a second time as its mirror image beyond that edge:
//
//   copies of pixel i      i      -i, for i in [1, pad]      2(size - 1) - i, for size - 1 - i in [1, pad]
//
// The gradient of a pixel is the sum over its copies (i', j') of the transposed convolution of grad_y there.
// The copy (i, j) is what every algorithm computes, as for zeros; the others, which only pixels near the
// border have, are added here, for whichever algorithm. A copy before the edge is reached by the first `pad`
// taps alone, one after it by the last, so that they cost as many multiplications as the border has pixels, a
// third of the taps each (3x3). A padded gradient, and folding it, would be two more trips through memory.
#pragma once

#include "kernels/conv2d.h"

namespace nst::kernels::conv2d_mirror {

// w (K, C, R, S) -> packed (R, S, K, C). Nothing where the convolution does not reflect.
inline int64_t packed_numel(const Conv2dShape& shape) {
  return shape.reflects() ? shape.k * shape.c * shape.r * shape.s : 0;
}

// Pixels first + d * step, d in [0, count), of an axis and where a copy of each lies: copy + d * copy_step.
// No tap but those of [first_tap, last_tap) reaches these copies.
struct Copies {
  int64_t count, first, step, copy, copy_step, first_tap, last_tap;
};

inline constexpr int kKinds = 3;  // of copies on an axis: the pixels themselves, before the edge, after it
inline Copies copies(int kind, int64_t size, int64_t pad, int64_t taps) {
  switch (kind) {
    case 0:
      return {size, 0, 1, 0, 1, 0, taps};
    case 1:
      return {pad, 1, 1, -1, -1, 0, pad < taps ? pad : taps};
    default:
      return {pad, size - 2, -1, size, 1, pad < taps ? taps - pad : 0, taps};
  }
}

// The output pixel that reads position `i` of the padded axis through `tap`, or -1.
template <class Index>
NST_HOST_DEVICE Index output_of(Index i, Index tap, Index pad, Index stride, Index outputs) {
  const Index distance = i + pad - tap;
  return distance < 0 || distance % stride != 0 || distance / stride >= outputs ? -1 : distance / stride;
}

template <class T>
void pack(const CpuContext& context, const Conv2dShape& shape, const T* w, T* packed);
template <class T>
void pack(const CudaContext& context, const Conv2dShape& shape, const T* w, T* packed);

// grad_x += what its pixels' mirror images received. `gate` may be null.
template <class T>
void add(const CpuContext& context, const Conv2dShape& shape, const T* grad_y, const T* gate, const T* packed,
         T* grad_x);
template <class T>
void add(const CudaContext& context, const Conv2dShape& shape, const T* grad_y, const T* gate,
         const T* packed, T* grad_x);

}  // namespace nst::kernels::conv2d_mirror
