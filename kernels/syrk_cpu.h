// The product of a matrix with its own transpose, one triangle of it: BLAS' syrk, on one thread.
#pragma once

#include <cstdint>

#include "kernels/cpu_variant.h"

namespace nst::kernels::blas {

// Elements from one row of syrk()'s sums to the next, which are filled up to whole lines.
inline int64_t syrk_stride(int64_t c) { return (c + 15) / 16 * 16; }

// sums (C, syrk_stride(C)) += (x + shift)^T (x + shift) for x (rows, C): elements (i, j) with i <= j. What
// lies below is overwritten in part. Uses scratch().
NST_VARIANT_KERNEL(syrk, int64_t rows, int64_t c, T shift, const T* x, T* sums);

}  // namespace nst::kernels::blas
