#include "tools/run_outputs.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "nn/safetensors.h"
#include "nn/weight_file.h"
#include "nst/build_info.h"
#include "nst/image.h"
#include "nst/loss_curve.h"
#include "tensor/allocator.h"
#include "tensor/file.h"
#include "tensor/ops/elementwise.h"
#include "tools/option_names.h"
#include "tools/output_check.h"

namespace nst::tools {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMetadataKey = "nst_run";  // of a checkpoint's settings

fs::path beside_out(const RunSettings& settings, const std::string& suffix) {
  return fs::path(settings.out).replace_extension().concat(suffix);
}

}  // namespace

void check_run_outputs(const RunSettings& settings, bool report) {
  std::vector<std::pair<std::string, std::string>> inputs{{"--content", settings.content},
                                                          {"--init-image", settings.init_image}};
  for (const auto& style : settings.styles) inputs.emplace_back("--style", style);
  for (const auto& mask : settings.style_masks) inputs.emplace_back("--style-mask", mask);
  for (const auto& guide : settings.style_guides) inputs.emplace_back("--style-guide", guide);
  inputs.emplace_back("--content-mask", settings.content_mask);
  inputs.emplace_back("--color-mask", settings.color_mask);
  check_output(settings.out, inputs);
  // A checkpoint is written on Ctrl-C, whatever the settings say.
  check_writable(checkpoint_path(settings));
  if (!report) return;
  for (const char* suffix : {".json", ".loss.csv", ".loss.png"}) check_writable(beside_out(settings, suffix));
}

void save_run_picture(const fs::path& path, const RunSettings& settings, const Basic& basic,
                      const RunInputs& inputs) {
  const Tensor result = ops::clamp_forward(ops::affine(basic.picture().to(kCpu), 1.0 / 255), 0, 1);
  const Tensor picture =
      with_colours_kept(result, ops::affine(inputs.content, 1.0 / 255), settings.colour, inputs.color_mask);
  const PictureSize size = settings.original_size ? inputs.original
                           : settings.square      ? resized(inputs.original, settings.size, Side::longest)
                                                  : PictureSize{picture.size(1), picture.size(2)};
  save_image(path, resize_image(picture, size.height, size.width));
}

fs::path numbered_picture(const RunSettings& settings, int iteration) {
  return beside_out(settings,
                    fmt::format(".{:05}{}", iteration, fs::path(settings.out).extension().string()));
}

fs::path checkpoint_path(const RunSettings& settings) {
  return beside_out(settings, ".checkpoint.safetensors");
}

void save_run_checkpoint(const RunSettings& settings, const Basic& basic) {
  nn::write_safetensors(checkpoint_path(settings), basic.checkpoint(),
                        {.metadata = {{kMetadataKey, to_json(settings).dump()}}});
}

RunCheckpoint read_run_checkpoint(const fs::path& path) {
  const nn::WeightFile file = nn::open_weights(path);
  const auto found = file.metadata().find(kMetadataKey);
  if (found == file.metadata().end()) file.fail("not a checkpoint of nst basic or nst improved");
  RunCheckpoint checkpoint;
  try {
    checkpoint.settings =
        run_settings_from_json(nlohmann::json::parse(found->second, nullptr, /*allow_exceptions=*/false));
  } catch (const std::invalid_argument& error) {
    file.fail(error.what());
  }
  checkpoint.state = file.read_all();
  return checkpoint;
}

void write_run_report(const RunSettings& settings, const Basic& basic, const std::string& end) {
  std::vector<CurveColumn> curve{{"total", {}}, {"content", {}}, {"style", {}}, {"tv", {}}};
  std::vector<double> seconds;
  nlohmann::ordered_json notes = nlohmann::json::array();
  for (const auto& r : basic.history()) {
    curve[0].values.push_back(r.loss.total);
    curve[1].values.push_back(r.loss.content);
    curve[2].values.push_back(r.loss.style);
    curve[3].values.push_back(r.loss.tv);
    seconds.push_back(r.seconds);
    if (!r.note.empty()) notes.push_back({{"iteration", r.iteration}, {"note", r.note}});
  }
  write_curve_png(beside_out(settings, ".loss.png"),
                  fmt::format("{} in the style of {}", fs::path(settings.content).filename().string(),
                              fs::path(settings.styles.front()).filename().string()),
                  curve);
  curve.push_back({"seconds", seconds});
  write_curve_csv(beside_out(settings, ".loss.csv"), curve);
  nlohmann::ordered_json record{{"method", settings.method}, {"settings", to_json(settings)}};
  for (const auto& [key, value] : build_info()) record["build"][key] = value;
  const Device device = basic.picture().device();
  record["device"] = device.to_string();
  record["math"] = name_in(kMathModeNames, math_mode(device));
  record["conv_backend"] = name_in(kConvBackendNames, conv_backend(device));
  record["iterations"] = basic.history().size();
  record["end"] = end;
  record["notes"] = notes;
  const auto& last = basic.history().back();
  record["loss"] = {{"total", last.loss.total},
                    {"content", last.loss.content},
                    {"style", last.loss.style},
                    {"tv", last.loss.tv}};
  record["seconds"] = last.seconds;
  record["peak_tensor_bytes"] = allocator(device).stats().peak;
  write_file_atomically(beside_out(settings, ".json"), record.dump(2) + "\n");
}

}  // namespace nst::tools
