// The innermost product of the convolutions: a few rows times one line of columns, all sums held in
// registers (12 of AVX2's 16, 12 of AVX-512's 32; Goto & van de Geijn 2008 explain the shape). Each step
// loads one line of B and broadcasts an element of A for every row, so the multipliers are the limit.
//
// Measured on one Zen 4 core on Winograd's products (48 tiles, 64 to 512 channels, 64 filters, all in the
// cache): 91 GFLOP/s, the peak at that clock, where Eigen 3.4's product reaches 71-80. Packing A into panels
// of six gains nothing further, so A is read where it lies. With 512 channels B comes from the last-level
// cache, and fetching it ahead lifts a whole convolution from 73% to 86% of peak.
#pragma once

#include <type_traits>

#include "kernels/simd_cpu.h"

namespace nst::kernels {
inline namespace NST_CPU_VARIANT {

#ifdef __AVX512F__
// Measured on Zen 4, 24 rows gain another 3% up to 256 channels and lose 40% at 512, whose rows of A then no
// longer fit the first-level cache.
inline constexpr int64_t kMicroRows = 12;
#else
inline constexpr int64_t kMicroRows = 6;
#endif

// Where the operands of one product lie, in elements. The sum runs over `segments` times `depth` terms.
struct MicroLayout {
  int64_t depth;
  int64_t a_row, a_step;                               // A[i, p] = a[i * a_row + p * a_step]
  int64_t b_step;                                      // B[p, j] = b[p * b_step + j]
  int64_t c_row;                                       // C[i, j] = c[i * c_row + j]
  int64_t segments = 1, a_segment = 0, b_segment = 0;  // each segment's operands start this much further
};

// C (Rows x a line) = A B, or += with `accumulate`. Meanwhile the caches are asked for the operands of the
// next product, `depth` lines at next_b and what A has of them at next_a; any address will do.
template <int Rows, class T>
void micro_product(const MicroLayout& layout, const T* a, const T* b, bool accumulate, T* c, const T* next_a,
                   const T* next_b) {
  constexpr int64_t kLine = Line<T>::kElements;
  Line<T> sums[Rows] = {};
  for (int64_t segment = 0; segment < layout.segments; ++segment) {
    const T* a_at = a + segment * layout.a_segment;
    const T* b_at = b + segment * layout.b_segment;
#pragma GCC unroll 4
    for (int64_t p = 0; p < layout.depth; ++p, a_at += layout.a_step, b_at += layout.b_step) {
      __builtin_prefetch(next_b + p * kLine, 0, 2);
      if (p % 4 == 0) {
#pragma GCC unroll 8
        for (int64_t i = 0; i < (4 * Rows + kLine - 1) / kLine; ++i)
          __builtin_prefetch(next_a + p * Rows + i * kLine);
      }
      const Line<T> b_line = load_line(b_at);
#pragma GCC unroll 32
      for (int i = 0; i < Rows; ++i) sums[i] = add_product(sums[i], a_at[i * layout.a_row], b_line);
    }
  }
#pragma GCC unroll 32
  for (int i = 0; i < Rows; ++i) {
    T* row = c + i * layout.c_row;
    store_line(row, accumulate ? sums[i] + load_line(row) : sums[i]);
  }
}

// The same for any number of rows.
template <class T>
void micro_rows(const MicroLayout& layout, int64_t rows, const T* a, const T* b, bool accumulate, T* c,
                const T* next_b) {
  const auto take = [&]<int Rows>(std::integral_constant<int, Rows>) {
    for (; rows >= Rows; rows -= Rows) {
      const T* next_a = a + Rows * layout.a_row;
      micro_product<Rows>(layout, a, b, accumulate, c, next_a, next_b);
      a = next_a;
      c += Rows * layout.c_row;
    }
  };
  take(std::integral_constant<int, kMicroRows>());
  if constexpr (kMicroRows > 6) take(std::integral_constant<int, 6>());
  switch (rows) {
    case 5:
      return micro_product<5>(layout, a, b, accumulate, c, a, next_b);
    case 4:
      return micro_product<4>(layout, a, b, accumulate, c, a, next_b);
    case 3:
      return micro_product<3>(layout, a, b, accumulate, c, a, next_b);
    case 2:
      return micro_product<2>(layout, a, b, accumulate, c, a, next_b);
    case 1:
      return micro_product<1>(layout, a, b, accumulate, c, a, next_b);
    default:
      return;
  }
}

}  // namespace NST_CPU_VARIANT
}  // namespace nst::kernels
