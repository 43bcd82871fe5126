// Everything that a run of `nst basic` or `nst improved` can be told, as one record: filled from the command
// line, written into reports and checkpoints, read back when a run is resumed.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "nn/vgg_weights.h"
#include "nst/basic.h"
#include "tools/colour_options.h"

namespace nst::tools {

inline constexpr int64_t kSmallestSize = 16, kLargestSize = 65536;  // of --size

struct RunSettings {
  std::string method = "basic";  // the sub-command
  std::string content, out;
  std::vector<std::string> styles;
  std::vector<double> style_blend;     // one weight per style; empty: all alike
  std::string weights = "vgg16";       // a name of the manifest, or a file
  int64_t size = 512, style_size = 0;  // longer sides in pixels; style_size 0: as size
  std::vector<std::string> content_layers{"relu4_2"};
  std::vector<std::string> style_layers{"relu1_1", "relu2_1", "relu3_1", "relu4_1",
                                        "relu5_1"};  // LAYER[+LAYER[~BLURS]][:WEIGHT], or "all"
  std::string layer_weights = "equal";               // of a LayerWeighting
  std::string content_layer_weights = "equal";
  bool chain = false, blur = false;  // correlate each style layer with the one before it, blurred
  double activation_shift = 0;
  std::string compat;   // a program whose objective is meant: "titu1994", or none
  bool square = false;  // pictures are squeezed to a square, and the result is stretched back
  std::vector<std::string> style_masks, style_guides;  // one file per style, or "none"; empty: none has one
  std::string content_mask, color_mask;
  double feather = 16;                // width in pixels of a mask's edge
  double style_scale = 1;             // of the style pictures' size, where style_size is 0
  std::vector<int64_t> scales;        // sizes to go through before `size`
  std::vector<int> scale_iterations;  // one per scale; empty: `iterations` at each
  double average = 0;                 // of iterates
  std::string style_loss = "gram";
  int gradient_checkpointing = 0;  // blocks of VGG
  int64_t tile = 0;                // side in pixels; 0: the whole picture at once
  bool original_size = false;      // the result has the photograph's own size
  double content_weight = 1, style_weight = 1, tv_weight = 0;
  std::string content_normalisation = "mean", style_normalisation = "gatys_notebook", tv = "squared";
  std::string pooling = "max", first_padding;  // first_padding empty: as the weights want it
  std::string init = "content", init_image;    // init_image: a file, for init "image"
  double init_noise = 0;
  uint64_t seed = 0;
  std::string optimiser = "lbfgs", line_search = "none";
  double learning_rate = 0;  // 0: the optimiser's own, 1 for L-BFGS, 10 for Adam
  int lbfgs_history = 100;
  int iterations = 500;
  double min_improvement = 0;
  ColourSettings colour;
  std::string activations = "float32";  // how maps wait for the backward pass
  int save_every = 0;
};

nlohmann::ordered_json to_json(const RunSettings& settings);
// Throws std::invalid_argument when a field is missing or of another type.
RunSettings run_settings_from_json(const nlohmann::json& json);

// The style_weight with which a style loss gives about as much style as Gram matrices do with 1.
double usual_style_weight(const std::string& style_loss);

// What the library is told. Throws std::invalid_argument, naming the option, on what it cannot understand.
// `depth` is the network's, whose layers "all" are; masks and pictures are still to be filled in.
BasicOptions basic_options(const RunSettings& settings, int depth);
// Throws std::invalid_argument when the weights are not as deep as the settings want.
nn::VggConfig vgg_config(const RunSettings& settings, const nn::VggWeights& weights);

}  // namespace nst::tools
