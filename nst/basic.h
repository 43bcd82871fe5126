// Method 1, Basic (Gatys, Ecker & Bethge 2016): the picture itself is optimised until its deep features look
// like the content's and its Gram matrices like the style's.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autograd/saved.h"
#include "nn/adam.h"
#include "nn/lbfgs.h"
#include "nst/gatys_objective.h"
#include "tensor/captured_work.h"
#include "tensor/memory_plan.h"

namespace nst {

enum class Init {
  content,  // start from the photograph: keeps its layout
  noise,    // start from normal noise around mid grey
  gray,     // start from mid grey
  style,    // start from the style picture, resized
  image,    // start from a picture of the caller's, resized
};
std::span<const std::string_view> init_names();
std::string_view name_of(Init init);
Init parse_init(std::string_view name);

enum class OptimiserKind { lbfgs, adam };
std::span<const std::string_view> optimiser_names();
std::string_view name_of(OptimiserKind kind);
OptimiserKind parse_optimiser(std::string_view name);

struct BasicOptions {
  GatysOptions objective = {};
  Init init = Init::content;
  Tensor init_image = {};  // (1, H, W, 3), RGB, 0..255, any size; for Init::image
  double init_noise = 0;   // share of noise mixed into the start picture, 0..1
  uint64_t seed = 0;       // of that noise
  OptimiserKind optimiser = OptimiserKind::lbfgs;
  // As in neural-style, no absolute change counts as convergence: the losses' scales differ by 10^8 between
  // normalisations, and the iterations are the user's.
  nn::LbfgsOptions lbfgs = {.tolerance_grad = 0, .tolerance_change = 0};
  nn::AdamOptions adam{.learning_rate = 10};  // in units of 0..255
  int iterations = 500;
  double min_improvement = 0;  // stop when the loss fell by less than this many percent in 10 iterations
  // How the maps between the passes are kept: as they are, or in 16 bits, which saves a third of the memory
  // and rounds the gradient (docs/performance.md).
  std::optional<ops::Narrow> activation_storage = {};
  // Share of the picture so far in the result, an exponential moving average of the iterates; 0: the last
  // one.
  double average = 0;
  bool capture = true;  // on CUDA, replay evaluations from a graph (tensor/captured_work.h): the same results
};

struct IterationReport {
  int iteration = 0;   // 1 after the first step
  LossTerms loss;      // L-BFGS: after the step; Adam: before it
  double seconds = 0;  // since the run began, earlier runs of a resumed one included
  std::string note;    // empty, or why the optimiser went back, why the run ends here or is not captured
};

class Basic {
 public:
  // content (1, H, W, 3), RGB, 0..255. `network` must outlive this. Everything is computed where the network
  // is, and the pictures must be there too.
  Basic(const LossNetwork& network, const Tensor& content, const std::vector<StylePicture>& styles,
        BasicOptions options);

  // One iteration of the optimiser; call while !finished().
  IterationReport step();
  // True after the last iteration, on convergence, or when improvement fell below min_improvement.
  bool finished() const { return finished_; }

  // Starts where a run on a smaller picture ended: its picture and Adam's moments, resampled, and its
  // history. `iterations` count from here. L-BFGS begins anew: its pairs are of another function, whose
  // correlations are means over other pixels. To be called before the first step.
  void continue_from(const Basic& coarser);

  // The picture as it is now, or the average, (1, H, W, 3) in 0..255, not yet clamped; on the network's
  // device.
  Tensor picture() const;
  const std::vector<IterationReport>& history() const { return history_; }
  // How many of them an earlier, coarser run made.
  size_t begin() const { return begin_; }
  // Whether evaluations are replays of a CUDA graph by now.
  bool captured() const { return evaluation_.captured(); }

  // The whole state of the run, on the CPU; loading it into a Basic made with the same arguments goes on
  // exactly. The run may have had fewer iterations to go. Throws std::invalid_argument when it does not fit.
  nn::StateDict checkpoint() const;
  void resume(const nn::StateDict& checkpoint);

 private:
  // The loss and its gradient at x. Every call does the same on the same shapes: work to be captured.
  nn::Evaluation evaluate(const Tensor& x);
  void check_improvement(IterationReport& report);

  void update_average();

  BasicOptions options_;
  GatysObjective objective_;
  std::unique_ptr<nn::Minimiser> minimiser_;
  Tensor picture_;
  Tensor average_;             // weighted sum of the pictures so far; undefined without averaging
  double average_weight_ = 0;  // what those weights add up to
  size_t begin_ = 0;
  CapturedWork evaluation_;
  MemoryPlan memory_plan_;  // of an evaluation on the CPU
  std::vector<IterationReport> history_;
  double seconds_before_ = 0;  // spent before resume()
  std::chrono::steady_clock::time_point start_;
  bool finished_ = false;
};

// The picture a run starts from, (1, H, W, 3) in 0..255. Throws std::invalid_argument when the noise is not
// in 0..1, or Init::image has no image.
Tensor initial_picture(Init init, double noise, uint64_t seed, const Tensor& content, const Tensor& style,
                       const Tensor& image = {});

}  // namespace nst
