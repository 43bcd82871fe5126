// A picture in tiles whose features are exactly the whole picture's: each tile is read with so much around it
// that nothing beyond could reach its core.
#pragma once

#include <string>
#include <vector>

#include "nst/style_statistics.h"

namespace nst {

// How far around a tile the network has to see.
struct TileReach {
  int64_t radius = 0;  // pixels of the picture that one pixel of a needed map may depend on, to either side
  int64_t alignment = 1;  // tiles begin at its multiples, so that pooling windows are the whole picture's
};
// Of the layers and terms that an objective needs; convolutions are 3x3, poolings 2x2.
TileReach tile_reach(int depth, const std::vector<std::string>& layers, const std::vector<StyleTerm>& terms);

struct Tile {
  Window core;  // of the picture; the cores tile it
  Window crop;  // what is read: the core and its surroundings, within the picture
};
// Cores of at most `side` x `side` pixels, rounded up to the alignment, row by row.
std::vector<Tile> picture_tiles(PictureSize picture, int64_t side, const TileReach& reach);

// Where the core lies in a layer's map of the crop, and in the whole picture's.
Window core_in_crop(const nn::VggConfig& vgg, std::string_view layer, const Tile& tile, PictureSize picture);
Window core_in_map(const nn::VggConfig& vgg, std::string_view layer, const Tile& tile, PictureSize picture);

// Rows and columns of a tensor (N, H, W, C), or of a mask (H, W).
Tensor read_window(const Tensor& x, const Window& window);
// Adds to them.
void add_to_window(Tensor& x, const Window& window, const Tensor& part);

}  // namespace nst
