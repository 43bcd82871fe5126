#include "tools/run_options.h"

#include <fmt/format.h>

#include "tools/option_checks.h"
#include "tools/option_names.h"

namespace nst::tools {

void add_run_options(CLI::App& command, RunSettings& s) {
  const auto pictures = [&](auto&&... args) { return command.add_option(args...)->group("Pictures"); };
  const auto loss = [&](auto&&... args) { return command.add_option(args...)->group("Loss"); };
  const auto optimisation = [&](auto&&... args) {
    return command.add_option(args...)->group("Optimisation");
  };
  const CLI::Validator pixels = number_in(kSmallestSize, kLargestSize);

  pictures("--content", s.content, "The photograph to repaint");
  pictures("--style", s.styles, "The picture whose style to use; repeat for several");
  pictures("--style-blend", s.style_blend, "Weights of several styles, e.g. 3,7")
      ->delimiter(',')
      ->check(number_from(0));
  pictures("--out", s.out, "Where to write the result, .png or .jpg");
  pictures("--size", s.size, "Longer side of the result in pixels")->capture_default_str()->check(pixels);
  pictures("--style-size", s.style_size, "Longer side of the style pictures; sets the size of the brush")
      ->check(pixels)
      ->default_str("as --size");
  pictures(
      "--style-scale", s.style_scale,
      "Size of the style pictures as a share of --size: the brush stays the same whatever the resolution")
      ->capture_default_str()
      ->check(positive_number());
  pictures("--style-mask", s.style_masks,
           "Where each style goes: a picture, white where it is wanted, or none; one per --style, in order");
  pictures("--style-guide", s.style_guides,
           "What of each style picture is its style: a picture, white there, or none; one per --style");
  pictures("--content-mask", s.content_mask, "Where the content counts: a picture, white there");
  pictures("--feather", s.feather, "Width in pixels over which the masks' edges fade")
      ->capture_default_str()
      ->check(number_from(0));
  command.add_flag("--original-size", s.original_size, "Resize the result to the photograph's own size")
      ->group("Pictures");
  add_colour_options(command, s.colour);

  pictures("--color-mask,--colour-mask", s.color_mask,
           "Where the photograph's colours stay, white; implies --preserve-color");

  loss("--weights", s.weights, "VGG weights: a name from `nst weights list`, or a file")
      ->capture_default_str();
  loss("--content-layers,--content-layer", s.content_layers, "LAYER[:WEIGHT],...")
      ->delimiter(',')
      ->capture_default_str();
  loss("--style-layers,--style-layer", s.style_layers,
       "LAYER[+LAYER[~BLURS]][:WEIGHT],...: a layer's correlations, or those of two, blurred; all: every "
       "convolution")
      ->delimiter(',')
      ->capture_default_str();
  loss("--content-weight", s.content_weight, "Weight of the content loss")
      ->capture_default_str()
      ->check(number_from(0));
  loss("--style-weight", s.style_weight, "Weight of the style loss")
      ->default_str(fmt::format("{}; {} of wasserstein, {} of sliced_wasserstein and histogram",
                                usual_style_weight("gram"), usual_style_weight("wasserstein"),
                                usual_style_weight("histogram")))
      ->check(number_from(0));
  loss("--tv-weight", s.tv_weight, "Weight of the total variation, which smooths; 1e-3 is gentle")
      ->capture_default_str()
      ->check(number_from(0));
  loss("--tv", s.tv, "Formula of the total variation")
      ->capture_default_str()
      ->check(one_of(ops::tv_variant_names()));
  loss("--style-loss", s.style_loss,
       "What of a layer is compared: gram, its correlations; wasserstein, its mean and covariance; "
       "sliced_wasserstein, its distribution along random directions; histogram, each channel's")
      ->capture_default_str()
      ->check(one_of(style_loss_names()));
  loss("--style-normalisation,--style-normalization", s.style_normalisation, "Constants of the style loss")
      ->capture_default_str()
      ->check(one_of(style_normalisation_names()));
  loss("--content-normalisation,--content-normalization", s.content_normalisation,
       "Constants of the content loss")
      ->capture_default_str()
      ->check(one_of(content_normalisation_names()));
  loss("--pooling", s.pooling, "How VGG shrinks its maps; average gives smoother gradients")
      ->capture_default_str()
      ->check(one_of(kPoolingNames));
  loss("--first-padding", s.first_padding, "Border of the first convolution")
      ->default_str("as the weights want it")
      ->check(one_of(kPaddingNames));

  optimisation("--init", s.init, "Start from")->capture_default_str()->check(one_of(init_names()));
  optimisation("--init-image", s.init_image,
               "Start from this picture, for instance a result at a lower --size; implies --init image");
  optimisation("--init-noise", s.init_noise, "Share of noise mixed into the start")
      ->capture_default_str()
      ->check(number_in(0, 1));
  optimisation("--seed", s.seed, "Seed of the noise")
      ->capture_default_str()
      ->check(whole_number_in(0, UINT64_MAX));
  optimisation("--optimiser,--optimizer", s.optimiser, "L-BFGS is better, Adam needs less memory")
      ->capture_default_str()
      ->check(one_of(optimiser_names()));
  optimisation("--line-search", s.line_search, "L-BFGS's")
      ->capture_default_str()
      ->check(one_of(kLineSearchNames));
  optimisation("--learning-rate", s.learning_rate, "Step size")
      ->default_str("1 for lbfgs, 10 for adam")
      ->check(positive_number());
  optimisation("--lbfgs-history", s.lbfgs_history,
               "Steps that L-BFGS remembers; each costs two pictures of memory")
      ->capture_default_str()
      ->check(whole_number_in(1));
  optimisation("--iterations", s.iterations, "How many steps to take")
      ->capture_default_str()
      ->check(whole_number_in(1));
  optimisation("--scales", s.scales,
               "Smaller sizes to go through first, e.g. 128,256; --iterations at each, and at --size")
      ->delimiter(',')
      ->check(pixels);
  optimisation("--scale-iterations", s.scale_iterations, "How many steps to take at each of --scales")
      ->default_str("as --iterations")
      ->delimiter(',')
      ->check(whole_number_in(1));
  optimisation("--average", s.average,
               "Share of the picture so far in an average of the iterates, e.g. 0.99, which is the result")
      ->capture_default_str()
      ->check(number_in(0, 0.9999));
  optimisation("--min-improvement", s.min_improvement,
               "Stop when the loss fell by less than this many percent in 10 steps")
      ->capture_default_str()
      ->check(number_from(0));
  command
      .add_option(
          "--activations", s.activations,
          "How feature maps wait for the backward pass; 16 bits need less memory and round the gradient")
      ->capture_default_str()
      ->check(one_of(kActivationNames))
      ->group("Run");
  command
      .add_option("--tile", s.tile,
                  "Evaluate tiles of this many pixels one by one: the same result, in memory for one tile")
      ->default_str("the whole picture at once")
      ->check(whole_number_in(kSmallestSize))
      ->group("Run");
  command
      .add_option("--gradient-checkpointing", s.gradient_checkpointing,
                  "Compute the maps of the first N blocks of VGG twice instead of keeping them: less memory, "
                  "more time")
      ->capture_default_str()
      ->check(whole_number_in(0, 5))
      ->group("Run");
  command.add_option("--save-every", s.save_every, "Write the picture and a checkpoint every N steps")
      ->capture_default_str()
      ->check(whole_number_in(0))
      ->group("Run");
}

}  // namespace nst::tools
