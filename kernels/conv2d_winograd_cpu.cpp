#include "kernels/conv2d_winograd_cpu.h"

#include <algorithm>

#include "kernels/gemm_micro_cpu.h"
#include "kernels/parallel.h"
#include "kernels/scratch_cpu.h"
#include "kernels/winograd_tiles_cpu.h"

namespace nst::kernels::conv2d_winograd {
namespace NST_CPU_VARIANT {
namespace {

using namespace winograd;

// A block's transformed input and products stay in the second-level cache for up to 128 channels; for more,
// fetching ahead hides the rest.
constexpr int64_t kBlockTiles = 24;
constexpr int64_t kBlockFilters = 64;

// Filters of a block that begins at k, filled up to whole lines.
template <class T>
int64_t padded_filters(int64_t filters, int64_t k) {
  return std::min(kBlockFilters, round_up(filters - k, Line<T>::kElements));
}

// y (N, P, Q, filters) = epilogue(3x3 stride-1 convolution of x by the packed filters).
template <class T>
void convolve(const Images<T>& x, int64_t pad, const TileGrid& grid, int64_t filters, const T* packed,
              const Epilogue<T>& epilogue, T* y) {
  constexpr int64_t kLine = Line<T>::kElements;
  const int64_t tiles = grid.count(), tile_blocks = (tiles + kBlockTiles - 1) / kBlockTiles;
  const int64_t channels = round_up(x.channels, kLine);
  const int64_t filter_blocks = (filters + kBlockFilters - 1) / kBlockFilters;
  const PanelLayout v_layout{channels, 0, plane_stride<T>(kBlockTiles * channels)};
  const int64_t m_plane = plane_stride<T>(kBlockTiles * kBlockFilters);
  const MicroLayout product{
      .depth = x.channels, .a_row = channels, .a_step = 1, .b_step = kLine, .c_row = kBlockFilters};
  // When tiles alone would load the threads unevenly, they share out the filters too, each transforming the
  // input for itself.
  const int64_t threads = parallel_threads();
  const bool uneven = tile_blocks % threads != 0 && tile_blocks < 8 * threads;
  const int64_t splits = uneven ? std::min(threads, filter_blocks) : 1;
  parallel_for(splits * tile_blocks, 1, [&](int64_t first_item, int64_t last_item) {
    T* v = scratch<T>(kPlanes * (v_layout.plane + m_plane));  // (36, tiles, C)
    T* m = v + kPlanes * v_layout.plane;                      // (36, tiles, filters of a block)
    for (int64_t item = first_item; item < last_item; ++item) {
      const int64_t split = item / tile_blocks, first = item % tile_blocks * kBlockTiles;
      const int64_t count = std::min(kBlockTiles, tiles - first);
      for (int64_t t = 0; t < count; ++t) {
        const Tile tile = tile_at(grid, first + t);
        transform_patch<BT, kPatch>(x, {tile.image, tile.row - pad, tile.col - pad}, v_layout,
                                    v + t * channels);
      }
      for (int64_t block = filter_blocks * split / splits; block < filter_blocks * (split + 1) / splits;
           ++block) {
        const int64_t k = block * kBlockFilters, padded = padded_filters<T>(filters, k);
        const T* u = packed + k * kPlanes * x.channels;
        for (int64_t f = 0; f < kPlanes; ++f) {
          for (int64_t i = 0; i < padded; i += kLine) {
            const T* next_u = u + x.channels * kLine;
            micro_rows(product, count, v + f * v_layout.plane, u, false, m + f * m_plane + i, next_u);
            u = next_u;
          }
        }
        for (int64_t t = 0; t < count; ++t) {
          transform_products(grid, tile_at(grid, first + t), m + t * kBlockFilters, m_plane, k,
                             std::min(filters, k + kBlockFilters), filters, epilogue, y);
        }
      }
    }
    finish_streaming();
  });
}

// Whether an output is too large to be found in the last-level cache afterwards.
constexpr int64_t kStreamBytes = int64_t{12} << 20;
template <class T>
bool streams(const T* y, int64_t pixels, int64_t filters) {
  return pixels * filters * static_cast<int64_t>(sizeof(T)) > kStreamBytes && filters % kLanes<T> == 0 &&
         reinterpret_cast<uintptr_t>(y) % kSimdBytes == 0;
}

// Packs the transforms G g G^T of the filters g = tap(k, c, .., ..), computed in double, in the order in
// which convolve() reads them: (blocks of filters, 36, lines of the block, channels, filters of a line).
template <class T, class Tap>
void pack(int64_t filters, int64_t channels, Tap&& tap, T* packed) {
  constexpr int64_t kLine = Line<T>::kElements;
  const int64_t grain = std::max<int64_t>(kLine, kElementGrain / (kPlanes * channels));
  parallel_for(round_up(filters, kLine), grain, [&](int64_t first, int64_t last) {
    for (int64_t k = first; k < last; ++k) {
      const int64_t in_block = k % kBlockFilters, block = k - in_block;
      const int64_t plane = padded_filters<T>(filters, block) * channels;
      T* out = packed + block * kPlanes * channels + in_block / kLine * kLine * channels + k % kLine;
      for (int64_t c = 0; c < channels; ++c, out += kLine) {
        transform<G, kFilter, kPatch, double>(
            [&](int r, int s) { return k < filters ? static_cast<double>(tap(k, c, r, s)) : 0.; },
            [&](int i, int j, double u) { out[(i * kPatch + j) * plane] = static_cast<T>(u); });
      }
    }
  });
}

}  // namespace

template <class T>
void pack_forward(const Conv2dShape& shape, const T* w, T* packed) {
  pack(
      shape.k, shape.c,
      [&](int64_t k, int64_t c, int r, int s) { return w[((k * shape.c + c) * 3 + r) * 3 + s]; }, packed);
}

template <class T>
void forward(const Conv2dShape& shape, const T* x, const T* packed, const T* bias, bool relu, T* y) {
  const TileGrid grid{shape.n, shape.out_h(), shape.out_w()};
  convolve<T>({x, nullptr, shape.h, shape.w, shape.c, shape.reflects()}, shape.pad, grid, shape.k, packed,
              {bias, relu, streams(y, shape.n * grid.p * grid.q, shape.k)}, y);
}

template <class T>
void pack_backward_input(const Conv2dShape& shape, const T* w, T* packed) {
  pack(
      shape.c, shape.k,
      [&](int64_t c, int64_t k, int r, int s) { return w[((k * shape.c + c) * 3 + 2 - r) * 3 + 2 - s]; },
      packed);
}

template <class T>
void backward_input(const Conv2dShape& shape, const T* grad_y, const T* gate, const T* packed, T* grad_x) {
  const TileGrid grid{shape.n, shape.h, shape.w};
  convolve<T>({grad_y, gate, shape.out_h(), shape.out_w(), shape.k}, 2 - shape.pad, grid, shape.c, packed,
              {nullptr, false, streams(grad_x, shape.n * shape.h * shape.w, shape.c)}, grad_x);
}

#define NST_INSTANTIATE(T)                                                           \
  template void pack_forward(const Conv2dShape&, const T*, T*);                      \
  template void forward(const Conv2dShape&, const T*, const T*, const T*, bool, T*); \
  template void pack_backward_input(const Conv2dShape&, const T*, T*);               \
  template void backward_input(const Conv2dShape&, const T*, const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace NST_CPU_VARIANT
}  // namespace nst::kernels::conv2d_winograd
