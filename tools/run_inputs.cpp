#include "tools/run_inputs.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "nst/image.h"
#include "nst/masks.h"
#include "nst/memory_estimate.h"
#include "nst/weight_store.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/slice.h"
#include "tools/option_names.h"

namespace nst::tools {
namespace {

constexpr int64_t kUsualTile = 512;

double gigabytes(size_t bytes) { return static_cast<double>(bytes) / 1e9; }

constexpr std::string_view kNoMask = "none";

int64_t style_size(const RunSettings& settings, int64_t size) {
  if (settings.style_size > 0) return settings.style_size;
  return std::clamp<int64_t>(std::llround(static_cast<double>(size) * settings.style_scale), 1, kLargestSize);
}

// What a picture of this size on disk becomes, its longer side being `longest`.
PictureSize size_in_run(const RunSettings& settings, PictureSize source, int64_t longest) {
  return settings.square ? PictureSize{longest, longest} : resized(source, longest, Side::longest);
}

// Every mask there is.
std::vector<std::string> mask_files(const RunSettings& settings) {
  std::vector<std::string> files = settings.style_masks;
  files.insert(files.end(), settings.style_guides.begin(), settings.style_guides.end());
  files.push_back(settings.content_mask);
  files.push_back(settings.color_mask);
  std::erase_if(files, [](const std::string& file) { return file.empty() || file == kNoMask; });
  return files;
}

// A picture's size on disk, once it is known that there is memory to decode it.
PictureSize source_size(const std::string& path, size_t available) {
  const ImageInfo info = describe_image(path);
  // The decoder's rows before and after it undoes their filters, four channels each, and our float32.
  const size_t bytes = static_cast<size_t>(info.width * info.height) * (2 * 4 * (info.bits / 8) + 12);
  if (available > 0 && bytes > available) {
    throw std::runtime_error(fmt::format(
        "{}: not enough memory: about {:.1f} GB needed to read its {} x {} pixels, {:.1f} GB available", path,
        gigabytes(bytes), info.width, info.height, gigabytes(available)));
  }
  spdlog::debug("{}: {}, {} x {}, {} bits", path, info.format, info.width, info.height, info.bits);
  return {info.height, info.width};
}

Tensor load_picture(const RunSettings& settings, const std::string& path, int64_t longest) {
  const Tensor picture = load_image(path);
  const PictureSize size = size_in_run(settings, {picture.size(1), picture.size(2)}, longest);
  return ops::affine(resize_image(picture, size.height, size.width), 255);
}

// (H, W) in 0..1, as bright as the file's pixels, of the size of `picture` (1, H, W, 3); undefined for none.
Tensor load_mask(const std::string& path, const Tensor& picture) {
  if (path.empty() || path == kNoMask) return {};
  return nst::load_mask(path, {picture.size(1), picture.size(2)});
}

// The style's picture and what its masks say.
StylePicture load_style(const RunSettings& settings, size_t i, const Tensor& content) {
  StylePicture style{load_picture(settings, settings.styles[i], style_size(settings, settings.size)),
                     settings.style_blend.empty() ? 1 : settings.style_blend[i]};
  if (settings.colour.recolour_style != "none") {
    const auto unit = [](const Tensor& picture) { return ops::affine(picture, 1.0 / 255); };
    style.picture =
        ops::affine(with_style_recoloured(unit(style.picture), unit(content), settings.colour), 255);
  }
  if (!settings.style_masks.empty()) {
    // Four deviations of a Gaussian from one side of an edge to the other.
    style.region = load_mask(settings.style_masks[i], content);
    if (style.region.defined()) style.region = feathered(style.region, settings.feather / 4);
    if (settings.compat == kTitu1994) style.source = load_mask(settings.style_masks[i], style.picture);
  }
  if (!settings.style_guides.empty()) style.source = load_mask(settings.style_guides[i], style.picture);
  return style;
}

// Throws std::invalid_argument where the poolings would leave nothing of a picture of this size.
void check_large_enough(const nn::VggConfig& vgg, const std::string& path, PictureSize size) {
  const int64_t smallest = int64_t{1} << nn::vgg_layer_shape(vgg.depth, vgg.deepest).halvings;
  if (vgg.ceil_mode || std::min(size.height, size.width) >= smallest) return;
  throw std::invalid_argument(
      fmt::format("{}: too narrow for layer {}: {} x {} pixels, where each side needs {}", path, vgg.deepest,
                  size.width, size.height, smallest));
}

// Throws std::runtime_error when the run would need more than is available (0: unknown), or reading its
// pictures more than the host has.
void check_memory(const RunSettings& settings, const BasicOptions& options, const nn::VggConfig& vgg,
                  size_t host_available, size_t available) {
  const PictureSize content = source_size(settings.content, host_available);
  std::vector<PictureSize> styles;
  for (const auto& path : settings.styles) styles.push_back(source_size(path, host_available));
  if (!settings.init_image.empty()) source_size(settings.init_image, host_available);
  for (const auto& path : mask_files(settings)) source_size(path, host_available);

  const PictureSize size = size_in_run(settings, content, settings.size);
  check_large_enough(vgg, settings.content, size);
  for (size_t i = 0; i < styles.size(); ++i) {
    check_large_enough(vgg, settings.styles[i],
                       size_in_run(settings, styles[i], style_size(settings, settings.size)));
  }
  const auto bytes_with = [&](const BasicOptions& run, int64_t longest) {
    PictureSize largest{0, 0};
    for (const auto& style : styles) {
      const PictureSize s = size_in_run(settings, style, style_size(settings, longest));
      if (s.height * s.width > largest.height * largest.width) largest = s;
    }
    return estimate_basic_memory(vgg, run, size_in_run(settings, content, longest), largest);
  };
  const auto bytes_at = [&](int64_t longest) { return bytes_with(options, longest); };
  const size_t needed = bytes_at(settings.size);
  const std::string need = fmt::format("{} x {} pixels; about {:.1f} GB of memory needed", size.width,
                                       size.height, gigabytes(needed));
  if (available == 0) return spdlog::info("{}", need);
  const std::string balance = fmt::format("{}, {:.1f} GB available", need, gigabytes(available));
  if (needed <= available) return spdlog::info("{}", balance);
  const int64_t fits = largest_size_that_fits(bytes_at, available);
  std::string advice =
      fits >= kSmallestSize ? fmt::format("--size {} would fit", fits) : "no --size would fit";
  BasicOptions tiled = options;
  tiled.objective.tile = kUsualTile;
  if (options.objective.tile == 0 && bytes_with(tiled, settings.size) <= available)
    advice += fmt::format(", or --tile {}", kUsualTile);
  throw std::runtime_error(fmt::format("not enough memory for {}; {}", balance, advice));
}

}  // namespace

RunInputs read_run_inputs(const RunSettings& settings, Device device, size_t max_memory) {
  RunInputs inputs{};
  const auto path = find_weights(settings.weights);
  inputs.weights = nn::read_vgg(nn::open_weights(path));
  inputs.options = basic_options(settings, inputs.weights.depth);
  inputs.vgg = vgg_config(settings, inputs.weights);
  // The deeper maps of weights that take 0..255 exceed float16's 65504, and a capped map has another
  // gradient.
  if (settings.activations == "float16" && inputs.weights.preprocessing.scale > 1) {
    throw std::invalid_argument(fmt::format(
        "--activations float16: the maps of {} leave its range; bfloat16 has float32's", settings.weights));
  }
  spdlog::debug("{}: VGG-{} up to {}, of which layers up to {} are used", path.string(), inputs.weights.depth,
                inputs.weights.deepest, inputs.vgg.deepest);

  const auto limited = [&](size_t available) {
    if (max_memory == 0) return available;
    return available > 0 ? std::min(available, max_memory) : max_memory;
  };
  const size_t host = limited(available_memory());
  check_memory(settings, inputs.options, inputs.vgg, host,
               device.type == DeviceType::cpu ? host : limited(cuda_free_memory(device)));

  const ImageInfo photograph = describe_image(settings.content);
  inputs.original = {photograph.height, photograph.width};
  inputs.content = load_picture(settings, settings.content, settings.size);
  for (size_t i = 0; i < settings.styles.size(); ++i)
    inputs.styles.push_back(load_style(settings, i, inputs.content));
  if (!settings.init_image.empty())
    inputs.options.init_image = load_picture(settings, settings.init_image, settings.size);
  Tensor& content_region = inputs.options.objective.content_region;
  content_region = load_mask(settings.content_mask, inputs.content);
  if (content_region.defined()) content_region = feathered(content_region, settings.feather / 4);
  inputs.color_mask = load_mask(settings.color_mask, inputs.content);
  if (inputs.color_mask.defined()) inputs.color_mask = feathered(inputs.color_mask, settings.feather / 4);
  return inputs;
}

}  // namespace nst::tools
