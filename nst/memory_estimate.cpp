#include "nst/memory_estimate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <limits>
#include <string>

#include "kernels/conv2d.h"
#include "nst/picture_tiles.h"

namespace nst {
namespace {

constexpr double kElement = 4;  // bytes of a float32
// Scratch of the convolution kernels' threads, and the program itself.
constexpr double kFixed = 96e6;

struct NetworkElements {
  double saved = 0;    // of the outputs that the backward pass needs
  double largest = 0;  // of the largest layer's output
  double weights = 0;  // of all packed weights, one direction
};

// The maps of the first `checkpointed` blocks are there one block at a time, when the gradient gets to it.
NetworkElements network_elements(const nn::VggConfig& vgg, PictureSize size, int checkpointed = 0) {
  NetworkElements elements;
  std::array<double, 6> recomputed{};  // by block, from 1
  int64_t in_channels = 3;
  const auto names = nn::vgg_layer_names(vgg.depth);
  for (size_t i = 0; i < names.size(); ++i) {
    const auto& name = names[i];
    const auto shape = nn::vgg_layer_shape(vgg.depth, name);
    const int64_t h = std::max<int64_t>(size.height >> shape.halvings, 1);
    const int64_t w = std::max<int64_t>(size.width >> shape.halvings, 1);
    if (!name.starts_with("relu")) {  // a convolution and its ReLU share one tensor
      const double numel = static_cast<double>(h * w * shape.channels);
      // Of a map before a max pool that nobody else wants, only a byte per pooled element is kept.
      const bool pooled =
          vgg.pooling == nn::Pooling::max && i + 2 < names.size() && names[i + 2].starts_with("pool");
      const int block = name[4] - '0';
      double& sum = block <= checkpointed && name.starts_with("conv") ? recomputed[block] : elements.saved;
      sum += pooled && name.starts_with("conv") ? numel / 4 / kElement : numel;
      elements.largest = std::max(elements.largest, numel);
    }
    if (name.starts_with("conv")) {
      const kernels::Conv2dShape conv{1, h, w, in_channels, shape.channels, 3, 3, 1, 1};
      const auto algorithm = kernels::conv2d_algorithm(kernels::CpuContext{}, conv);
      elements.weights += static_cast<double>(kernels::conv2d_packed_numel(conv, algorithm)) +
                          static_cast<double>(shape.channels * in_channels * 9);
      in_channels = shape.channels;
    }
    if (name == vgg.deepest || "relu" + name.substr(4) == vgg.deepest) break;
  }
  elements.saved = std::max(elements.saved, *std::ranges::max_element(recomputed));
  return elements;
}

// The largest crop that is read at a time, of a picture that may be tiled.
PictureSize largest_crop(const nn::VggConfig& vgg, const GatysOptions& options, PictureSize picture) {
  if (options.tile == 0) return picture;
  const TileReach reach = tile_reach(vgg.depth, needed_layers(options), options.style_layers);
  PictureSize largest{0, 0};
  for (const Tile& tile : picture_tiles(picture, options.tile, reach)) {
    largest = {std::max(largest.height, tile.crop.height), std::max(largest.width, tile.crop.width)};
  }
  return largest;
}

double pixels_of(PictureSize size) {
  return static_cast<double>(size.height) * static_cast<double>(size.width);
}

// Maps that terms make for themselves: two blurred or shrunk ones of a pair, cores of tiles, guided ones.
double term_elements(const nn::VggConfig& vgg, const GatysOptions& options, PictureSize crop) {
  double elements = 0;
  for (const StyleTerm& term : options.style_layers) {
    for (const auto& layer : {term.layer, term.with}) {
      if (layer.empty()) continue;
      const PictureSize map = map_size(vgg, term.with.empty() ? layer : summed_layer(vgg.depth, term), crop);
      // Of a distribution, the gradient by its projections.
      const bool made = options.tile > 0 || options.style_loss == StyleLoss::sliced_wasserstein ||
                        options.style_loss == StyleLoss::histogram || (layer == term.with && term.blurs > 0);
      if (made)
        elements += pixels_of(map) * static_cast<double>(nn::vgg_layer_shape(vgg.depth, layer).channels);
    }
  }
  return elements;
}

}  // namespace

size_t estimate_basic_memory(const nn::VggConfig& vgg, const BasicOptions& options, PictureSize content,
                             PictureSize largest_style) {
  const PictureSize crop = largest_crop(vgg, options.objective, content);
  const auto run = network_elements(vgg, crop, options.objective.checkpointed_blocks),
             style = network_elements(vgg, largest_crop(vgg, options.objective, largest_style));
  const double picture = 3 * pixels_of(content);
  double pictures = options.optimiser == OptimiserKind::lbfgs
                        ? 2.0 * std::min(options.lbfgs.history, options.iterations) + 9
                        : 7.0;
  if (options.objective.tile > 0) pictures += 2;  // the gradient that tiles add to, and a band of it
  if (options.average > 0) pictures += 2;         // the sum, and the average made of it
  double targets = 0;
  for (const auto& [layer, weight] : options.objective.content_layers) {
    targets += pixels_of(map_size(vgg, layer, content)) *
               static_cast<double>(nn::vgg_layer_shape(vgg.depth, layer).channels);
  }
  // Backwards, a layer's gradient and its input's gradient live beside what is still saved.
  const double saved = run.saved / (options.activation_storage ? 2 : 1);
  const double optimising = saved + 2 * run.largest + 2 * run.weights +
                            term_elements(vgg, options.objective, crop) + targets + pictures * picture;
  // Reading a style keeps two layers at a time, and the maps its Gram matrices are made of.
  const double reading = 3 * style.largest + style.weights;
  return static_cast<size_t>(kElement * std::max(optimising, reading) + kFixed);
}

int64_t largest_size_that_fits(const std::function<size_t(int64_t size)>& bytes_at, size_t bytes) {
  int64_t low = 0, high = (1 << 16) + 1;
  while (low + 1 < high) {
    const int64_t middle = (low + high) / 2;
    (bytes_at(middle) <= bytes ? low : high) = middle;
  }
  return low;
}

size_t available_memory() {
  size_t available = 0;
  std::ifstream meminfo("/proc/meminfo");
  for (std::string line; std::getline(meminfo, line);) {
    if (line.starts_with("MemAvailable:")) available = std::stoull(line.substr(13)) * 1024;
  }
  std::ifstream max("/sys/fs/cgroup/memory.max"), current("/sys/fs/cgroup/memory.current");
  size_t limit = 0, used = 0;
  if (max >> limit && current >> used) available = std::min(available, limit > used ? limit - used : 0);
  return available;
}

}  // namespace nst
