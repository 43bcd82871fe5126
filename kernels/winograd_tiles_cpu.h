// Winograd's transforms of whole tiles, all channels of a tile at once: from images to the operands of the
// 36 matrix products, and from the products to images.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "kernels/pad.h"
#include "kernels/simd_cpu.h"
#include "kernels/winograd.h"

namespace nst::kernels::winograd {
inline namespace NST_CPU_VARIANT {

// Images (N, H, W, channels), zero beyond their edges or mirrored at them. Where there is a gate, of the same
// shape, elements count only where it is positive.
template <class T>
struct Images {
  const T* data;
  const T* gate;
  int64_t h, w, channels;
  bool reflects = false;
};

// The 4x4 tiles that cover n images of p x q pixels, those at the lower and right edge in part.
struct TileGrid {
  int64_t n, p, q;

  int64_t rows() const { return (p + kTile - 1) / kTile; }
  int64_t cols() const { return (q + kTile - 1) / kTile; }
  int64_t count() const { return n * rows() * cols(); }
};

// A tile's image and its first pixel.
struct Tile {
  int64_t image, row, col;
};
inline Tile tile_at(const TileGrid& grid, int64_t t) {
  const int64_t rows = grid.rows(), cols = grid.cols();
  return {t / (rows * cols), t / cols % rows * kTile, t % cols * kTile};
}

// Where the 36 values of each channel go: channels in panels of `width`, which is a multiple of a line.
struct PanelLayout {
  int64_t width, panel;  // elements: channels of a panel, distance between panels
  int64_t plane;         // elements between the 36 planes

  int64_t at(int64_t channel) const { return channel / width * panel + channel % width; }
};

// Planes start an odd number of cache lines apart: all 36 are written together, and with a power of two
// between them they would fall into the same few sets of the cache.
template <class T>
int64_t plane_stride(int64_t elements) {
  constexpr int64_t kLine = Line<T>::kElements;
  return ((elements + kLine - 1) / kLine | 1) * kLine;
}

// Writes M d M^T of the Size x Size patch d whose first pixel is `corner`, for every channel. Channels that
// fill up the last line are zero.
template <class M, int Size, class T>
void transform_patch(const Images<T>& images, const Tile& corner, const PanelLayout& layout, T* out) {
  constexpr int64_t kLine = Line<T>::kElements;
  const int64_t channels = images.channels, row_stride = images.w * channels, plane = layout.plane;
  const int64_t image = corner.image * images.h * row_stride;
  const int64_t start = image + corner.row * row_stride + corner.col * channels;
  const bool inside =
      corner.row >= 0 && corner.col >= 0 && corner.row + Size <= images.h && corner.col + Size <= images.w;
  const auto whole_lines = [&](auto is_gated) {
    for (int64_t c = 0; c + kLine <= channels; c += kLine) {
      const T *patch = images.data + start + c, *gate = is_gated ? images.gate + start + c : nullptr;
      T* to = out + layout.at(c);
      // Neighbouring tiles follow each other: fetch what the tile after the next adds to its predecessor.
      // Measured on 512 x 512 x 64: 2-3 times the speed.
      for (int i = 0; i < Size; ++i) {
        for (int j = Size; j < Size + kTile; ++j) {
          __builtin_prefetch(patch + i * row_stride + (j + kTile) * channels, 0, 2);
        }
      }
      transform<M, Size, kPatch, Line<T>>(
          [=](int i, int j) [[gnu::always_inline]] {
            const int64_t at = i * row_stride + j * channels;
            return is_gated ? gated(load_line(patch + at), load_line(gate + at)) : load_line(patch + at);
          },
          [=](int i, int j, Line<T> value)
              [[gnu::always_inline]] { store_line(to + (i * kPatch + j) * plane, value); });
    }
  };
  if (inside) images.gate ? whole_lines(std::true_type()) : whole_lines(std::false_type());
  const int64_t done = inside ? channels / kLine * kLine : 0;
  for (int64_t c = done; c < channels; c += kLine) {  // the last few channels, and all at the border
    const int64_t count = channels - c;
    T* to = out + layout.at(c);
    transform<M, Size, kPatch, Line<T>>(
        [&](int i, int j) {
          int64_t h = corner.row + i, w = corner.col + j;
          if (images.reflects) h = reflected(h, images.h), w = reflected(w, images.w);
          if (h < 0 || h >= images.h || w < 0 || w >= images.w) return Line<T>{};
          const int64_t at = image + h * row_stride + w * channels + c;
          const Line<T> value = load_first(images.data + at, count);
          return images.gate ? gated(value, load_first(images.gate + at, count)) : value;
        },
        [&](int i, int j, Line<T> value) { store_line(to + (i * kPatch + j) * plane, value); });
  }
}

// What happens to the products on the way to the image y (N, P, Q, K).
template <class T>
struct Epilogue {
  const T* bias;  // (K) or null
  bool relu;
  bool stream;  // write past the caches; lines must be aligned
};

// Writes y = A^T m A, finished, for filters [first, last) of a tile; m[f * plane + k - first].
template <class T>
void transform_products(const TileGrid& grid, const Tile& tile, const T* m, int64_t plane, int64_t first,
                        int64_t last, int64_t filters, const Epilogue<T>& epilogue, T* y) {
  constexpr int64_t kLine = Line<T>::kElements;
  const int64_t rows = std::min<int64_t>(kTile, grid.p - tile.row);
  const int64_t cols = std::min<int64_t>(kTile, grid.q - tile.col);
  const int64_t row_stride = grid.q * filters;
  T* corner = y + ((tile.image * grid.p + tile.row) * grid.q + tile.col) * filters;
  const auto lines = [&](auto relu, auto write) {
    for (int64_t k = first; k < last; k += kLine) {
      const T* from = m + k - first;
      const Line<T> bias = epilogue.bias ? load_first(epilogue.bias + k, last - k) : Line<T>{};
      transform<AT, kPatch, kTile, Line<T>>(
          [=](int i, int j) [[gnu::always_inline]] { return load_line(from + (i * kPatch + j) * plane); },
          [=](int i, int j, Line<T> value) [[gnu::always_inline]] {
            value = value + bias;
            write(i, j, k, relu ? rectified(value) : value);
          });
    }
  };
  const auto finish = [&](auto relu) {
    const bool whole = rows == kTile && cols == kTile && (last - first) % kLine == 0;
    if (whole && epilogue.stream) {
      lines(relu, [=](int i, int j, int64_t k, Line<T> value) [[gnu::always_inline]] {
        stream_line(corner + i * row_stride + j * filters + k, value);
      });
    } else if (whole) {
      lines(relu, [=](int i, int j, int64_t k, Line<T> value) [[gnu::always_inline]] {
        store_line(corner + i * row_stride + j * filters + k, value);
      });
    } else {
      lines(relu, [=](int i, int j, int64_t k, Line<T> value) {
        if (i < rows && j < cols) store_first(corner + i * row_stride + j * filters + k, value, last - k);
      });
    }
  };
  epilogue.relu ? finish(std::true_type()) : finish(std::false_type());
}

}  // namespace NST_CPU_VARIANT
}  // namespace nst::kernels::winograd
