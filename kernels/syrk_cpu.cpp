#include "kernels/syrk_cpu.h"

#include <algorithm>

#include "kernels/gemm_micro_cpu.h"
#include "kernels/scratch_cpu.h"

namespace nst::kernels::blas {
namespace NST_CPU_VARIANT {
namespace {

// Rows of x per product: 512 columns of float fill half a megabyte.
constexpr int64_t kBlockRows = 256;

}  // namespace

template <class T>
void syrk(int64_t rows, int64_t c, T shift, const T* x, T* sums) {
  constexpr int64_t kLine = Line<T>::kElements, kPanel = kBlockRows * kLine;
  const int64_t lines = (c + kLine - 1) / kLine;
  // A block of x by lines of columns, (lines, rows, columns of a line): read as both operands, and far enough
  // from powers of two to stay in the cache.
  T* block = scratch<T>(lines * kPanel);
  for (int64_t first = 0; first < rows; first += kBlockRows) {
    const int64_t count = std::min(kBlockRows, rows - first);
    for (int64_t p = 0; p < count; ++p) {
      const T* from = x + (first + p) * c;
      for (int64_t line = 0; line < lines; ++line) {
        const Line<T> values = load_first(from + line * kLine, c - line * kLine);
        store_line(block + line * kPanel + p * kLine,
                   map_lines([shift](Simd<T> v) { return v + shift; }, values));
      }
    }
    const MicroLayout product{
        .depth = count, .a_row = 1, .a_step = kLine, .b_step = kLine, .c_row = syrk_stride(c)};
    for (int64_t j = 0; j < lines; ++j) {
      const T* b = block + j * kPanel;
      for (int64_t i = 0; i <= j; ++i) {
        micro_rows(product, std::min(kLine, c - i * kLine), block + i * kPanel, b, true,
                   sums + i * kLine * product.c_row + j * kLine, b);
      }
    }
  }
}

template void syrk(int64_t, int64_t, float, const float*, float*);
template void syrk(int64_t, int64_t, double, const double*, double*);

}  // namespace NST_CPU_VARIANT
}  // namespace nst::kernels::blas
