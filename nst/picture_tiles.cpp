#include "nst/picture_tiles.h"

#include <algorithm>
#include <stdexcept>

#include "tensor/ops/elementwise.h"
#include "tensor/ops/slice.h"

namespace nst {
namespace {

int64_t rounded_up(int64_t n, int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

// One axis of the tiles: where the cores and crops begin and end.
struct Span {
  int64_t core_begin, core_end, crop_begin, crop_end;
};

std::vector<Span> spans(int64_t size, int64_t side, const TileReach& reach) {
  const int64_t step = rounded_up(std::max<int64_t>(side, 1), reach.alignment);
  const int64_t margin = rounded_up(reach.radius, reach.alignment);
  std::vector<Span> result;
  for (int64_t begin = 0; begin < size; begin += step) {
    int64_t end = std::min(begin + step, size);
    // What pooling would drop at the end stays with the last tile, which must not be of that alone.
    if (size - end < reach.alignment) end = size;
    result.push_back({begin, end, std::max<int64_t>(begin - margin, 0), std::min(end + margin, size)});
    if (end == size) break;
  }
  return result;
}

}  // namespace

TileReach tile_reach(int depth, const std::vector<std::string>& layers, const std::vector<StyleTerm>& terms) {
  TileReach reach;
  if (layers.empty()) return reach;
  const std::string deepest = nn::deepest_vgg_layer(depth, layers);
  int64_t step = 1;  // pixels of the picture from one pixel of the map to the next
  for (const auto& name : nn::vgg_layer_names(depth)) {
    if (name.starts_with("conv")) reach.radius += step;
    if (name.starts_with("pool")) {
      reach.radius += step;
      step *= 2;
    }
    if (name == deepest) break;
  }
  reach.alignment = step;
  for (const auto& term : terms) {
    const auto blurred = term.with.empty() ? term.layer : term.with;
    const int halvings = std::min(nn::vgg_layer_shape(depth, term.layer).halvings,
                                  nn::vgg_layer_shape(depth, blurred).halvings);
    // A blur comes on top of its layer's reach, which is within the deepest one's.
    reach.radius = std::max(reach.radius, tile_reach(depth, {blurred, term.layer}, {}).radius +
                                              (int64_t{term.blurs} << halvings));
  }
  return reach;
}

std::vector<Tile> picture_tiles(PictureSize picture, int64_t side, const TileReach& reach) {
  std::vector<Tile> tiles;
  for (const Span& y : spans(picture.height, side, reach)) {
    for (const Span& x : spans(picture.width, side, reach)) {
      tiles.push_back({{y.core_begin, x.core_begin, y.core_end - y.core_begin, x.core_end - x.core_begin},
                       {y.crop_begin, x.crop_begin, y.crop_end - y.crop_begin, x.crop_end - x.crop_begin}});
    }
  }
  return tiles;
}

Window core_in_map(const nn::VggConfig& vgg, std::string_view layer, const Tile& tile, PictureSize picture) {
  const int halvings = nn::vgg_layer_shape(vgg.depth, layer).halvings;
  const PictureSize whole = map_size(vgg, layer, picture);
  const Window& core = tile.core;
  // The last tiles end where the map does.
  const int64_t top = core.top >> halvings, left = core.left >> halvings;
  const int64_t bottom =
      core.top + core.height == picture.height ? whole.height : (core.top + core.height) >> halvings;
  const int64_t right =
      core.left + core.width == picture.width ? whole.width : (core.left + core.width) >> halvings;
  return {top, left, bottom - top, right - left};
}

Window core_in_crop(const nn::VggConfig& vgg, std::string_view layer, const Tile& tile, PictureSize picture) {
  const int halvings = nn::vgg_layer_shape(vgg.depth, layer).halvings;
  Window window = core_in_map(vgg, layer, tile, picture);
  window.top -= tile.crop.top >> halvings;
  window.left -= tile.crop.left >> halvings;
  return window;
}

Tensor read_window(const Tensor& x, const Window& window) {
  const int rows = x.rank() == 2 ? 0 : 1;
  return ops::slice_forward(ops::slice_forward(x, {rows, window.top, window.height}),
                            {rows + 1, window.left, window.width});
}

void add_to_window(Tensor& x, const Window& window, const Tensor& part) {
  const ops::SliceParams rows{1, window.top, window.height}, columns{2, window.left, window.width};
  Tensor band = ops::slice_forward(x, rows);
  ops::slice_write(ops::add(ops::slice_forward(band, columns), part), band, columns);
  ops::slice_write(band, x, rows);
}

}  // namespace nst
