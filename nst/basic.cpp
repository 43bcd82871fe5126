#include "nst/basic.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "nst/normal_values.h"
#include "tensor/names.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/resize.h"
#include "tensor/profile.h"

namespace nst {
namespace {

constexpr std::array<std::string_view, 5> kInitNames{"content", "noise", "gray", "style", "image"};
constexpr std::array<std::string_view, 2> kOptimiserNames{"lbfgs", "adam"};

constexpr double kMidGrey = 127.5;
constexpr double kNoiseDeviation = 50;     // of init noise, in 0..255
constexpr size_t kImprovementWindow = 10;  // iterations over which min_improvement is judged

std::unique_ptr<nn::Minimiser> make_minimiser(const BasicOptions& options) {
  if (options.optimiser == OptimiserKind::adam) return std::make_unique<nn::Adam>(options.adam);
  return std::make_unique<nn::Lbfgs>(options.lbfgs);
}

}  // namespace

std::span<const std::string_view> init_names() { return kInitNames; }
std::string_view name_of(Init init) { return kInitNames[static_cast<size_t>(init)]; }
Init parse_init(std::string_view name) { return parse_name<Init>("init", kInitNames, name); }

std::span<const std::string_view> optimiser_names() { return kOptimiserNames; }
std::string_view name_of(OptimiserKind kind) { return kOptimiserNames[static_cast<size_t>(kind)]; }
OptimiserKind parse_optimiser(std::string_view name) {
  return parse_name<OptimiserKind>("optimiser", kOptimiserNames, name);
}

Tensor initial_picture(Init init, double noise, uint64_t seed, const Tensor& content, const Tensor& style,
                       const Tensor& image) {
  if (!(noise >= 0 && noise <= 1))
    throw std::invalid_argument(fmt::format("init_noise must be in 0..1, got {}", noise));
  const auto noise_picture = [&] {
    const Tensor unit =
        Tensor::from<float>(content.shape(), normal_values(content.numel(), seed), content.device());
    return ops::affine(unit.to(content.dtype()), kNoiseDeviation, kMidGrey);
  };
  const auto resized = [&](const Tensor& picture) {
    return ops::resize_forward(picture, content.size(1), content.size(2),
                               {.mode = ops::ResizeMode::bilinear, .antialias = true});
  };
  Tensor start;
  switch (init) {
    case Init::content:
      start = content.clone();
      break;
    case Init::noise:
      start = noise_picture();
      break;
    case Init::gray:
      start = Tensor::full(content.shape(), kMidGrey, content.dtype(), content.device());
      break;
    case Init::style:
      start = resized(style);
      break;
    case Init::image:
      if (!image.defined()) throw std::invalid_argument("init 'image' needs a picture to start from");
      start = resized(image);
      break;
  }
  if (noise > 0) start = ops::add(ops::affine(start, 1 - noise), ops::affine(noise_picture(), noise));
  return start;
}

Basic::Basic(const LossNetwork& network, const Tensor& content, const std::vector<StylePicture>& styles,
             BasicOptions options)
    : options_(std::move(options)),
      objective_(network, content, styles, options_.objective),
      minimiser_(make_minimiser(options_)),
      picture_(initial_picture(options_.init, options_.init_noise, options_.seed, content,
                               styles.at(0).picture, options_.init_image)),
      evaluation_(picture_.device(), options_.capture && options_.objective.style_loss == StyleLoss::gram),
      start_(std::chrono::steady_clock::now()) {
  if (options_.iterations < 1) {
    throw std::invalid_argument(fmt::format("iterations must be positive, got {}", options_.iterations));
  }
  if (!(options_.min_improvement >= 0))
    throw std::invalid_argument("min_improvement must be at least 0 percent");
  if (!(options_.average >= 0 && options_.average < 1))
    throw std::invalid_argument(fmt::format("average must be in 0..1, got {}", options_.average));
}

nn::Evaluation Basic::evaluate(const Tensor& x) {
  const auto results = evaluation_.run(x, [this](const Tensor& at) {
    const MemoryPlan::Run planned(memory_plan_);
    const autograd::NarrowSaving narrow(options_.activation_storage);
    const auto [terms, grad] = objective_.evaluate(at);
    return std::vector{terms, grad};
  });
  return {results[0], results[1]};
}

IterationReport Basic::step() {
  if (finished_) throw std::logic_error("basic: the run has finished");
  const ProfileStep profiled(static_cast<int>(history_.size()) + 1);
  const bool capturing = evaluation_.problem().empty();
  const auto step = minimiser_->step([this](const Tensor& x) { return evaluate(x); }, picture_);
  update_average();
  IterationReport report;
  report.iteration = static_cast<int>(history_.size()) + 1;
  // A resumed run that has not moved yet is where the one before it ended.
  report.loss = step.terms.empty() ? history_.back().loss : objective_.split(step.terms);
  report.note = step.recovery;
  if (capturing && !evaluation_.problem().empty()) {
    report.note = fmt::format("{}{}without a CUDA graph from here on ({})", report.note,
                              report.note.empty() ? "" : "; ", evaluation_.problem());
  }
  report.seconds =
      seconds_before_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  finished_ = report.iteration - static_cast<int>(begin_) >= options_.iterations;
  if (step.converged) {
    finished_ = true;
    report.note = "converged";
  }
  check_improvement(report);
  history_.push_back(report);
  return report;
}

void Basic::check_improvement(IterationReport& report) {
  if (options_.min_improvement <= 0 || history_.size() - begin_ < kImprovementWindow) return;
  const double before = history_[history_.size() - kImprovementWindow].loss.total;
  // titu1994's objective can be negative.
  const double percent = 100 * (before - report.loss.total) / std::abs(before);
  if (percent >= options_.min_improvement) return;
  finished_ = true;
  report.note = fmt::format("improved by {:.3g}% in {} iterations, less than {}%", percent,
                            kImprovementWindow, options_.min_improvement);
}

void Basic::update_average() {
  if (options_.average <= 0) return;
  if (!average_.defined()) average_ = Tensor::zeros(picture_.shape(), picture_.dtype(), picture_.device());
  average_ = ops::affine(average_, options_.average);
  ops::axpy(1 - options_.average, picture_, average_);
  average_weight_ = options_.average * average_weight_ + 1 - options_.average;
}

Tensor Basic::picture() const {
  return average_.defined() ? ops::affine(average_, 1 / average_weight_) : picture_;
}

void Basic::continue_from(const Basic& coarser) {
  const auto resampled = [this](const Tensor& x) {
    return ops::resize_forward(x, picture_.size(1), picture_.size(2),
                               {.mode = ops::ResizeMode::bilinear, .antialias = true});
  };
  picture_ = resampled(coarser.picture());
  history_ = coarser.history_;
  begin_ = history_.size();
  seconds_before_ = history_.empty() ? 0 : history_.back().seconds;
  if (options_.optimiser != OptimiserKind::adam) return;
  nn::StateDict state = coarser.minimiser_->state_dict();
  for (auto& [name, tensor] : state) {
    if (tensor.shape() == coarser.picture_.shape()) tensor = resampled(tensor);  // both moments
  }
  minimiser_->load_state_dict(state);
}

nn::StateDict Basic::checkpoint() const {
  nn::StateDict state{{"picture", picture_.to(kCpu)}};
  if (average_.defined()) state["average"] = average_.to(kCpu);
  state["counts"] =
      Tensor::from<double>({2}, std::vector<double>{static_cast<double>(begin_), average_weight_});
  for (const auto& [name, tensor] : minimiser_->state_dict()) state["optimiser." + name] = tensor.to(kCpu);
  std::vector<double> rows;  // (iterations, 5)
  for (const auto& r : history_) {
    rows.insert(rows.end(), {r.loss.total, r.loss.content, r.loss.style, r.loss.tv, r.seconds});
  }
  state["history"] = Tensor::from<double>({static_cast<int64_t>(history_.size()), 5}, rows);
  return state;
}

void Basic::resume(const nn::StateDict& checkpoint) {
  nn::StateDict optimiser;
  constexpr std::string_view kPrefix = "optimiser.";
  for (const auto& [name, tensor] : checkpoint) {
    if (name.starts_with(kPrefix)) optimiser[name.substr(kPrefix.size())] = tensor.to(picture_.device());
  }
  const auto picture = checkpoint.find("picture"), history = checkpoint.find("history"),
             counts = checkpoint.find("counts"), average = checkpoint.find("average");
  const auto end = checkpoint.end();
  if (picture == end || history == end || counts == end || optimiser.empty()) {
    throw std::invalid_argument("checkpoint: not one of this method");
  }
  if (picture->second.shape() != picture_.shape()) {
    throw std::invalid_argument(fmt::format("checkpoint: its picture is {}, this run's {}",
                                            picture->second.shape().to_string(),
                                            picture_.shape().to_string()));
  }
  if (history->second.rank() != 2 || history->second.size(1) != 5) {
    throw std::invalid_argument("checkpoint: its history is damaged");
  }
  const auto begin_and_weight = counts->second.to_vector<double>();
  const bool averaged = average != end;
  if (begin_and_weight.size() != 2 || !(begin_and_weight[0] >= 0) ||
      !(begin_and_weight[0] <= static_cast<double>(history->second.size(0))) ||
      (averaged && (average->second.shape() != picture_.shape() || !(begin_and_weight[1] > 0)))) {
    throw std::invalid_argument("checkpoint: its average is damaged");
  }
  begin_ = static_cast<size_t>(begin_and_weight[0]);
  average_weight_ = begin_and_weight[1];
  average_ = averaged ? average->second.to(picture_.device()) : Tensor();
  picture_.copy_from(picture->second.to(picture_.device()));
  minimiser_->load_state_dict(optimiser);
  history_.clear();
  const auto rows = history->second.to_vector<double>();
  for (size_t i = 0; i + 5 <= rows.size(); i += 5) {
    history_.push_back(
        {static_cast<int>(i / 5) + 1, {rows[i], rows[i + 1], rows[i + 2], rows[i + 3]}, rows[i + 4], {}});
  }
  seconds_before_ = history_.empty() ? 0 : history_.back().seconds;
  start_ = std::chrono::steady_clock::now();
  finished_ = static_cast<int>(history_.size() - begin_) >= options_.iterations;
}

}  // namespace nst
