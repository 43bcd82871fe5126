// The weight's gradient by Winograd: with x and grad_y of every tile transformed, each of the 36 planes sums
// over tiles an outer product of channels and filters, which is a matrix product that is long in the tiles.
#include <algorithm>

#include "kernels/conv2d_winograd_cpu.h"
#include "kernels/gemm_micro_cpu.h"
#include "kernels/parallel.h"
#include "kernels/scratch_cpu.h"
#include "kernels/winograd_tiles_cpu.h"

namespace nst::kernels::conv2d_winograd {
namespace NST_CPU_VARIANT {
namespace {

using namespace winograd;

// Tiles transformed at a time. The sums over them stay in registers; then they are added to memory, so that
// many tiles make few additions, of numbers of a like size.
constexpr int64_t kBlockTiles = 128;

// grad_w[k, c] = G^T sums[.., c, k] G for filters [first, first + a line).
template <class T>
void transform_sums(const Conv2dShape& shape, const T* sums, int64_t plane, int64_t row, int64_t first,
                    T* grad_w) {
  constexpr int64_t kLine = Line<T>::kElements, kTaps = kFilter * kFilter;
  const int64_t filters = std::min(kLine, shape.k - first);
  for (int64_t c = 0; c < shape.c; ++c) {
    T taps[kTaps][kLine];
    transform<GT, kPatch, kFilter, Line<T>>(
        [&](int i, int j) { return load_line(sums + (i * kPatch + j) * plane + c * row + first); },
        [&](int r, int s, Line<T> value) { store_line(taps[r * kFilter + s], value); });
    for (int64_t k = 0; k < filters; ++k) {
      for (int64_t t = 0; t < kTaps; ++t) grad_w[((first + k) * shape.c + c) * kTaps + t] = taps[t][k];
    }
  }
}

}  // namespace

template <class T>
void backward_weight(const Conv2dShape& shape, const T* x, const T* grad_y, T* grad_w) {
  constexpr int64_t kLine = Line<T>::kElements;
  constexpr int64_t kPanelChannels = 3 * kLine;  // a multiple of the micro-kernel's rows and of a line
  static_assert(kPanelChannels % kMicroRows == 0);
  const TileGrid grid{shape.n, shape.out_h(), shape.out_w()};
  const Images<T> inputs{x, nullptr, shape.h, shape.w, shape.c, shape.reflects()};
  const Images<T> gradients{grad_y, nullptr, grid.p, grid.q, shape.k};
  const int64_t tiles = grid.count(), filters = round_up(shape.k, kLine);
  const int64_t panels = (shape.c + kPanelChannels - 1) / kPanelChannels;
  // Panels have all their tiles next to each other: the products read both operands from start to end.
  const int64_t v_panel = kBlockTiles * kPanelChannels, z_panel = kBlockTiles * kLine;
  const PanelLayout v_layout{kPanelChannels, v_panel, plane_stride<T>(panels * v_panel)};
  const PanelLayout z_layout{kLine, z_panel, plane_stride<T>(kBlockTiles * filters)};
  const int64_t sum_plane = plane_stride<T>(shape.c * filters);
  T* sums = scratch<T>(kPlanes * (sum_plane + v_layout.plane + z_layout.plane));  // (36, C, filters)
  T* v = sums + kPlanes * sum_plane;    // (36, panels of C, tiles, ..)
  T* z = v + kPlanes * v_layout.plane;  // (36, lines of K, tiles, ..)

  for (int64_t first = 0; first < tiles; first += kBlockTiles) {
    const int64_t count = std::min(kBlockTiles, tiles - first);
    const int64_t grain = kElementGrain / (kPlanes * (shape.c + shape.k)) + 1;
    parallel_for(count, grain, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) {
        const Tile tile = tile_at(grid, first + t);
        transform_patch<BT, kPatch>(inputs, {tile.image, tile.row - shape.pad, tile.col - shape.pad},
                                    v_layout, v + t * kPanelChannels);
        transform_patch<A, kTile>(gradients, tile, z_layout, z + t * kLine);
      }
    });
    const MicroLayout product{
        .depth = count, .a_row = 1, .a_step = kPanelChannels, .b_step = kLine, .c_row = filters};
    parallel_for(kPlanes * panels, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t f = i / panels, panel = i % panels, c = panel * kPanelChannels;
        for (int64_t k = 0; k < filters; k += kLine) {
          const T* z_at = z + f * z_layout.plane + z_layout.at(k);
          micro_rows(product, std::min(kPanelChannels, shape.c - c), v + f * v_layout.plane + panel * v_panel,
                     z_at, first > 0, sums + f * sum_plane + c * filters + k, z_at + z_panel);
        }
      }
    });
  }
  parallel_for(filters / kLine, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) transform_sums(shape, sums, sum_plane, filters, i * kLine, grad_w);
  });
}

#define NST_INSTANTIATE(T) template void backward_weight(const Conv2dShape&, const T*, const T*, T*);
NST_INSTANTIATE(float)
NST_INSTANTIATE(double)
#undef NST_INSTANTIATE

}  // namespace NST_CPU_VARIANT
}  // namespace nst::kernels::conv2d_winograd
