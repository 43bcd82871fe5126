// What a run reads: pictures and weights.
#pragma once

#include <vector>

#include "nn/vgg_weights.h"
#include "nst/basic.h"
#include "tools/run_settings.h"

namespace nst::tools {

struct RunInputs {
  // All on the CPU, wherever the run will be.
  Tensor content;  // (1, H, W, 3), RGB, 0..255
  std::vector<StylePicture> styles;
  PictureSize original;  // the photograph's own size
  Tensor color_mask;     // (H, W) in 0..1, where its colours stay; undefined unless there is one
  BasicOptions options;  // with what they need of pictures
  nn::VggWeights weights;
  nn::VggConfig vgg;
};

// Reads the files that the settings name. Before a single pixel is decoded, compares the memory that the run
// will need with what there is on the device, or with `max_memory` bytes where that is less and not 0; throws
// std::runtime_error naming the largest size that fits when it is not enough. Throws as load_image,
// open_weights, basic_options and vgg_config do.
RunInputs read_run_inputs(const RunSettings& settings, Device device, size_t max_memory);

}  // namespace nst::tools
