#include "tools/run_command.h"

#include <fmt/format.h>
#include <omp.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <set>

#include "nst/basic.h"
#include "tensor/allocator.h"
#include "tools/commands.h"
#include "tools/device_option.h"
#include "tools/interrupt.h"
#include "tools/log.h"
#include "tools/option_checks.h"
#include "tools/progress.h"
#include "tools/run_inputs.h"
#include "tools/run_options.h"
#include "tools/run_outputs.h"
#include "tools/run_settings.h"

namespace nst::tools {
namespace {

// What a resumed run may be told anew; everything else is the checkpoint's.
const std::set<std::string> kFreeOnResume{
    "--resume", "--iterations",   "--out",        "--save-every", "--report",
    "--json",   "--quiet",        "--verbose",    "--threads",    "--device",
    "--math",   "--conv-backend", "--max-memory", "--help",       "--min-improvement"};

struct RunCommand {
  RunCommand(const CLI::App* sub_command, RunSettings& run_settings)
      : app(sub_command), settings(run_settings) {}

  const CLI::App* app;
  RunSettings& settings;
  std::string resume;
  DeviceOptions device;
  bool report = false, json = false, quiet = false, verbose = false;
  int threads = 0;
  double max_memory_gb = 0;

  void run();

 private:
  nn::StateDict load_checkpoint();
  void resume_from(const nn::StateDict& checkpoint, Basic& basic) const;
  void check_settings();
  std::string iterate(Basic& basic, const RunInputs& inputs) const;
};

nn::StateDict RunCommand::load_checkpoint() {
  for (const CLI::Option* option : app->get_options()) {
    const std::string name = option->get_name();
    if (option->count() > 0 && !kFreeOnResume.contains(name)) {
      throw std::invalid_argument(name + " is part of the checkpoint and cannot be changed when resuming");
    }
  }
  auto checkpoint = read_run_checkpoint(resume);
  if (checkpoint.settings.method != settings.method) {
    throw std::invalid_argument(
        fmt::format("{}: a checkpoint of nst {}; resume it with that", resume, checkpoint.settings.method));
  }
  const RunSettings given = std::exchange(settings, checkpoint.settings);
  if (app->count("--iterations")) settings.iterations = given.iterations;
  if (app->count("--out")) settings.out = given.out;
  if (app->count("--save-every")) settings.save_every = given.save_every;
  if (app->count("--min-improvement")) settings.min_improvement = given.min_improvement;
  return checkpoint.state;
}

void RunCommand::resume_from(const nn::StateDict& checkpoint, Basic& basic) const {
  try {
    basic.resume(checkpoint);
  } catch (const std::invalid_argument& error) {  // the file's fault, not the caller's
    throw std::runtime_error(fmt::format("{}: {}", resume, error.what()));
  }
}

void RunCommand::check_settings() {
  if (settings.content.empty()) throw std::invalid_argument(settings.method + ": --content is required");
  if (settings.styles.empty()) throw std::invalid_argument(settings.method + ": --style is required");
  if (settings.out.empty()) throw std::invalid_argument(settings.method + ": --out is required");
  if (!settings.style_blend.empty() && settings.style_blend.size() != settings.styles.size()) {
    throw std::invalid_argument(fmt::format("{}: {} weights in --style-blend for {} styles", settings.method,
                                            settings.style_blend.size(), settings.styles.size()));
  }
  if (std::ranges::all_of(settings.style_blend, [](double w) { return w == 0; }) &&
      !settings.style_blend.empty()) {
    throw std::invalid_argument(settings.method + ": every weight in --style-blend is zero");
  }
  for (const auto& [option, files] : {std::pair{"--style-mask", &settings.style_masks},
                                      std::pair{"--style-guide", &settings.style_guides}}) {
    if (!files->empty() && files->size() != settings.styles.size()) {
      throw std::invalid_argument(fmt::format("{}: {} of {} for {} styles", settings.method, files->size(),
                                              option, settings.styles.size()));
    }
  }
  for (size_t i = 0; i < settings.scales.size(); ++i) {
    const int64_t next = i + 1 < settings.scales.size() ? settings.scales[i + 1] : settings.size;
    if (settings.scales[i] >= next)
      throw std::invalid_argument(settings.method + ": --scales must grow, up to less than --size");
  }
  if (!settings.scale_iterations.empty() && settings.scale_iterations.size() != settings.scales.size()) {
    throw std::invalid_argument(fmt::format("{}: {} numbers in --scale-iterations for {} --scales",
                                            settings.method, settings.scale_iterations.size(),
                                            settings.scales.size()));
  }
  if (resume.empty() && app->count("--style-weight") == 0 && settings.compat.empty())
    settings.style_weight = usual_style_weight(settings.style_loss);
  if (!settings.color_mask.empty() && settings.colour.preserve == "none")
    settings.colour.preserve = "luminance";
  if (!settings.init_image.empty()) {
    if (app->count("--init") && settings.init != name_of(Init::image)) {
      throw std::invalid_argument(settings.method + ": --init-image and --init " + settings.init +
                                  " exclude each other");
    }
    settings.init = name_of(Init::image);
  } else if (settings.init == name_of(Init::image)) {
    throw std::invalid_argument(settings.method + ": --init image needs --init-image FILE");
  }
  check_run_outputs(settings, report);
}

// Steps until the run ends; says why it did.
std::string RunCommand::iterate(Basic& basic, const RunInputs& inputs) const {
  const int last = static_cast<int>(basic.begin()) + inputs.options.iterations;
  Progress progress(json    ? ProgressStyle::json
                    : quiet ? ProgressStyle::quiet
                            : ProgressStyle::automatic,
                    last, static_cast<int>(basic.history().size()));
  while (!basic.finished()) {
    if (interrupted()) return "interrupted";
    const auto step = basic.step();
    progress.update(step.iteration,
                    {{"loss", step.loss.total}, {"content", step.loss.content}, {"style", step.loss.style}});
    if (!step.note.empty()) progress.message(fmt::format("iteration {}: {}", step.iteration, step.note));
    if (basic.finished() && step.iteration < last) return step.note;
    if (settings.save_every > 0 && step.iteration % settings.save_every == 0 && !basic.finished()) {
      save_run_picture(numbered_picture(settings, step.iteration), settings, basic, inputs);
      save_run_checkpoint(settings, basic);
    }
  }
  return "all iterations done";
}

// Which of some sizes a checkpoint's picture has.
size_t scale_of(const nn::StateDict& checkpoint, const std::vector<int64_t>& sizes) {
  const auto picture = checkpoint.find("picture");
  if (picture == checkpoint.end() || picture->second.rank() != 4)
    return sizes.size() - 1;  // resume() says so
  const int64_t longest = std::max(picture->second.size(1), picture->second.size(2));
  const auto found = std::ranges::find(sizes, longest);
  return found == sizes.end() ? sizes.size() - 1 : static_cast<size_t>(found - sizes.begin());
}

// On the device where the run is to be.
std::unique_ptr<Basic> make_run(const LossNetwork& network, const RunInputs& inputs, Device where) {
  std::vector<StylePicture> styles = inputs.styles;
  for (StylePicture& style : styles) {
    style.picture = style.picture.to(where);
    style.region = style.region.to(where);
    style.source = style.source.to(where);
  }
  BasicOptions options = inputs.options;
  options.init_image = options.init_image.to(where);
  options.objective.content_region = options.objective.content_region.to(where);
  return std::make_unique<Basic>(network, inputs.content.to(where), styles, options);
}

void RunCommand::run() {
  set_verbosity(verbosity_of(quiet, json, verbose));
  if (threads > 0) omp_set_num_threads(threads);
  const nn::StateDict checkpoint = resume.empty() ? nn::StateDict{} : load_checkpoint();
  // Everything that can be wrong is found before the first minute of work.
  check_settings();
  const Device where = choose_device(device);
  allocator(where).reset_peak();  // another run may have gone before, in this process
  const auto memory = static_cast<size_t>(max_memory_gb * 1e9);
  const RunInputs inputs = read_run_inputs(settings, where, memory);
  const LossNetwork network(inputs.vgg, inputs.weights.state, inputs.weights.preprocessing, DType::float32,
                            where);
  catch_interrupts();
  // From the coarsest size to the finest; a checkpoint's picture tells at which it was made.
  std::vector<int64_t> sizes = settings.scales;
  sizes.push_back(settings.size);
  size_t at = checkpoint.empty() ? 0 : scale_of(checkpoint, sizes);
  RunInputs now;
  std::unique_ptr<Basic> run;
  std::string end;
  for (; at < sizes.size(); ++at) {
    RunSettings scale = settings;
    scale.size = sizes[at];
    if (at < settings.scale_iterations.size()) scale.iterations = settings.scale_iterations[at];
    now = at + 1 == sizes.size() ? inputs : read_run_inputs(scale, where, memory);
    auto next = make_run(network, now, where);
    if (run) {
      next->continue_from(*run);
    } else if (!checkpoint.empty()) {
      resume_from(checkpoint, *next);
    }
    run = std::move(next);
    end = iterate(*run, now);
    if (interrupted()) break;
  }
  const Basic& basic = *run;
  const size_t done = basic.history().size();
  if (done == 0) throw Interrupted("stopped before the first iteration; nothing was written");
  save_run_picture(settings.out, settings, basic, now);
  if (settings.save_every > 0 || interrupted()) save_run_checkpoint(settings, basic);
  if (report) write_run_report(settings, basic, end);
  spdlog::debug("at most {:.2f} GB of tensors at once",
                static_cast<double>(allocator(where).stats().peak) / 1e9);
  if (interrupted() && (!basic.finished() || at + 1 < sizes.size())) {
    throw Interrupted(
        fmt::format("stopped after {} iterations; {} is the picture so far, go on with --resume {}", done,
                    settings.out, checkpoint_path(settings).string()));
  }
  spdlog::info("{}: {} iterations in {}", settings.out, done,
               format_duration(basic.history().back().seconds));
}

}  // namespace

CLI::App& add_run_command(CLI::App& app, std::shared_ptr<RunSettings> settings,
                          const std::string& description, const std::string& examples) {
  CLI::App* const sub = app.add_subcommand(settings->method, description);
  const auto command = std::make_shared<RunCommand>(sub, *settings);
  sub->footer(examples);
  add_run_options(*sub, *settings);
  const auto option = [&](auto&&... args) { return sub->add_option(args...)->group("Run"); };
  const auto flag = [&](auto&&... args) { return sub->add_flag(args...)->group("Run"); };
  option("--resume", command->resume, "Go on from a checkpoint, exactly as if never stopped");
  flag("--report", command->report, "Write OUT.json (every setting), OUT.loss.csv and OUT.loss.png");
  option("--max-memory", command->max_memory_gb, "Refuse a run that would need more than this many GB")
      ->check(positive_number())
      ->default_str("what the machine has left");
  add_device_options(*sub, command->device);
  option("--threads", command->threads, "Threads to use")
      ->check(whole_number_in(1))
      ->default_str("all cores");
  flag("--json", command->json, "Progress as one JSON object per line on standard output");
  CLI::Option* quiet = flag("--quiet", command->quiet, "Print nothing but errors");
  flag("--verbose", command->verbose, "Print what is read and how it is used")->excludes(quiet);
  sub->callback([command, settings] { command->run(); });
  return *sub;
}

}  // namespace nst::tools
