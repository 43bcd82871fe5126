// One part of an array along one axis, read or written: what slicing and concatenation are made of.
#pragma once

#include "kernels/context.h"

namespace nst::kernels {

// A row-major array seen as (outer, size, inner), `size` being the axis in question, and the part
// [begin, begin + count) of that axis, an array (outer, count, inner).
struct SliceShape {
  int64_t outer, size, inner;
  int64_t begin, count;  // 0 <= begin, begin + count <= size
};

// part = x[:, begin : begin + count, :]
NST_KERNEL(slice_read, const SliceShape& shape, const T* x, T* part);

// x[:, begin : begin + count, :] = part; the rest of x is left as it is.
NST_KERNEL(slice_write, const SliceShape& shape, const T* part, T* x);

}  // namespace nst::kernels
